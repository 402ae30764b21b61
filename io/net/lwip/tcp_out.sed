# lwIP 2.1.3 cuts a segment in two when the other end's window takes only its beginning. A FIN belongs to the second part; this line was to take
# it off the first one, but the macro can only add flags: the other end saw the end of the stream in the middle and lost the rest.
s/TCPH_SET_FLAG(useg->tcphdr, split_flags)/TCPH_FLAGS_SET(useg->tcphdr, split_flags)/
