# The shell itself: redirections, here-documents, expansions, statuses, traps.

# Redirections are done left to right.
case_redirect_order() {
	ls none 2>&1 >out | sed 's/.*: //'
	ls none >both 2>&1; sed 's/.*: //' both
	echo out >&2 2>/dev/null
	{ echo a; echo b >&2; } 2>err >out
	cat out err
}
