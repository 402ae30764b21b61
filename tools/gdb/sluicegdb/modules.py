"""Loadable modules: io-mod."""
