# Redirections, here-documents, pipes.

# Appending, truncating, reading and writing one file, closing.
case_redirections() {
	echo one > f; echo two >> f; cat < f
	: > f; wc -c < f
	echo start > f; exec 3<> f; read -r line <&3; echo "got $line"; echo more >&3; exec 3>&-; cat f
	echo x >&3; echo "status $?"
	{ echo out; echo err >&2; } > both 2>&1; cat both
	{ echo out; echo err >&2; } 2>&1 > out | cat; cat out
	echo gone > none/f; echo "status $?"
	cat < none; echo "status $?"
	echo x > .; echo "status $?"
}

# set -C refuses to overwrite; >| does it.
case_noclobber() {
	echo 1 > f; set -C
	echo 2 > f; echo "status $?"
	cat f
	echo 3 >| f; cat f
	echo 4 >> f; cat f
	echo null > /dev/null; echo "status $?"
}

# Quoted and unquoted delimiters, tabs, nested, in a loop.
case_here_documents() {
	v=value
	cat <<END
$v $((1 + 2)) $(echo sub) \$v
END
	cat <<'END'
$v $(echo sub) \$v
END
	cat <<-END
		tabs go
		  $v
	END
	for i in 1 2; do
		cat <<END
line $i
END
	done
	cat <<A; cat <<B
first
A
second
B
	head -c 100000 /dev/zero | tr '\0' x > big
	eval "wc -c <<END
$(cat big)
END"
}

# Readers that stop early: the writer gets SIGPIPE or EPIPE.
case_early_exit() {
	yes | head -n 3; echo "status $?"
	(trap '' PIPE; yes 2> err; echo "writer $?" >&2) | head -n 1
	cat err
	seq 100000 | sed 3q
	(yes; echo "killed by $?" >&2) | :
	set -o pipefail
	yes | head -n 1 > /dev/null; echo "status $?"
	false | true; echo "status $?"
	true | false; echo "status $?"
	! true | false; echo "status $?"
}

# tee to a closed pipe, to many files, appending.
case_tee() {
	echo text | tee a b c; cat a b c
	echo more | tee -a a > /dev/null; cat a
	echo x | tee none/f; echo "status $?"
	seq 5 | tee f | head -n 1; sleep 0.1; cat f
}

# Long pipelines, both ends busy, binary data through them.
case_pipelines() {
	seq 5000 | cat | cat | cat | cat | tail -n 1
	head -c 300000 /dev/zero | tr '\0' '\377' | wc -c
	seq 1000 | while read -r n; do [ "$n" -gt 3 ] && break; echo "$n"; done
	echo a | { read -r x; echo "in $x"; }; echo "out $x"
	for i in 3 1 2; do echo $i; done | sort | { while read -r i; do printf '%s,' "$i"; done; echo; }
	printf 'no newline' | { read -r x; echo "status $?: $x"; }
	seq 3 | (read -r a; read -r b; echo "$a $b"; cat)
	echo x | cat - /dev/null -
}

# A fifo between two processes; opening waits for the partner; reading its end.
case_fifos() {
	mkfifo p
	echo through > p & cat p; wait
	cat < p > got & { echo one; echo two; } > p; wait; cat got
	exec 3<> p; echo held >&3; read -r x <&3; echo "$x"; exec 3>&-
	[ -p p ] && echo fifo
	mkfifo p; echo "status $?"
	test -s p; echo "status $?"
	rm p; ls
}

# Descriptors above 2 and their copies, order of closing.
case_descriptors() {
	exec 4> f 5>&4; echo four >&4; echo five >&5; exec 4>&-; echo still >&5; exec 5>&-; cat f
	exec 6< f; read -r a <&6; read -r b <&6; echo "$a $b"; exec 6<&-
	{ echo to3 >&3; } 3>&1 | sed 's/^/piped /'
	exec 7>&1; { echo out; echo direct >&7; } > hidden; exec 7>&-; cat hidden
	echo x >&9; echo "status $?"
	ls /proc/self/fd/ | head -n 3 | tr '\n' ' '; echo
	readlink /proc/self/fd/0 < f | sed 's/.*\///'
}

# read: IFS, backslashes, time-outs, counts.
case_read() {
	echo ' a  b c ' | { read -r x y; echo "[$x][$y]"; }
	echo 'a:b::c' | { IFS=: read -r p q r s; echo "[$p][$q][$r][$s]"; }
	printf 'a\\\nb\n' | { read x; echo "[$x]"; }
	printf 'a\\tb\n' | { read -r x; echo "[$x]"; }
	echo abcdef | { read -r -n 3 x; echo "[$x]"; }
	read -r x < /dev/null; echo "status $?"
	read -r x < none; echo "status $?"
}

# echo and printf to devices that take nothing or everything.
case_devices() {
	echo x > /dev/full; echo "status $?"
	printf 'abc' > /dev/null; echo "status $?"
	head -c 4 /dev/zero | od -An -tx1
	head -c 100 /dev/urandom | wc -c
	cat /dev/null; echo "status $?"
	dd if=/dev/zero of=/dev/null bs=1k count=10 2>&1 | head -n 2
	[ -c /dev/null ] && echo character
	cp /dev/null empty; wc -c < empty
}
