# Statuses, signals, background jobs, limits.

# Exit statuses of all kinds of ends.
case_statuses() {
	true; echo $?; false; echo $?
	(exit 300); echo $?
	none_such 2> /dev/null; echo $?
	./none_such 2> /dev/null; echo $?
	echo > f; ./f 2> /dev/null; echo $?
	chmod 755 f; ./f; echo $?
	mkdir d; ./d 2> /dev/null; echo $?
	for s in TERM KILL INT HUP USR1 PIPE ALRM; do sh -c "kill -$s \$\$"; echo "$s $?"; done 2> /dev/null
	sh -c 'exit 7' | cat; echo $?
	x=$(exit 5); echo $?
	if (exit 9); then :; else echo $?; fi
	! true; echo $?
}

# Waiting for jobs by number and by process, unknown ones.
case_wait() {
	(exit 3) & wait $!; echo $?
	(exit 4) & a=$!; (exit 5) & b=$!; wait $a; echo $?; wait $b; echo $?
	sleep 100 & kill $!; wait $! 2> /dev/null; echo $?
	wait 99999; echo $?
	wait; echo $?
	sh -c 'kill -9 $$' & wait $! 2> /dev/null; echo $?
	{ sleep 0.05; echo late; } & wait; echo done
}

# Traps: EXIT, signals, ignoring, resetting, in subshells.
case_traps() {
	sh -c 'trap "echo bye" EXIT; exit 3'; echo $?
	sh -c 'trap "echo got; exit 4" TERM; kill $$; echo not here'; echo $?
	sh -c 'trap "" TERM; kill $$; echo survived'; echo $?
	sh -c 'trap "echo usr" USR1; kill -USR1 $$; echo after; trap - USR1; kill -USR1 $$; echo never' 2> /dev/null; echo $?
	sh -c 'trap "echo outer" EXIT; (trap "echo inner" EXIT; true); true'
	sh -c 'trap "echo chld" CHLD; /bin/true; :' 2> /dev/null | head -n 1
	sh -c 'trap "echo a" INT TERM; trap' | sort
	sh -c 'trap "exit 6" TERM; (sleep 0.1; kill $$) & while :; do sleep 0.05; done'; echo $?
	(trap 'echo sub' EXIT); echo end
}

# Signals to groups of processes; the default for background jobs.
case_kill() {
	kill -0 $$; echo $?
	kill -0 99999 2> /dev/null; echo $?
	sleep 100 & p=$!; kill -STOP $p; kill -CONT $p; kill -TERM $p; wait $p 2> /dev/null; echo $?
	kill -l 15; kill -l 137
	setsid sh -c 'sleep 100 & sleep 100 & kill -USR1 0' 2> /dev/null; echo "group $?"
	kill -NONE $$; echo $?
	timeout -s KILL 0.1 sleep 100; echo $?
	timeout 100 true; echo $?
}

# What a subshell changes stays there.
case_subshells() {
	x=1; (x=2; cd /; umask 077; exec 3> /dev/null); echo "$x $(umask)"; [ "$PWD" != / ] && echo same
	{ x=3; }; echo $x
	y=$(x=4; echo "$x"); echo "$y $x"
	(exit 3) || echo "failed $?"
	set -- a b; (set -- c; echo "$@"); echo "$@"
	f() { local x=5; echo $x; }; f; echo $x
	echo $(echo nested $(echo deeper "$(echo 'and deeper')"))
}

# set -e, -u, -x and what ends a script.
case_options() {
	sh -ec 'false; echo no'; echo $?
	sh -ec 'false || true; if false; then :; fi; echo yes'; echo $?
	sh -uc 'echo $none; echo no' 2>&1; echo $?
	sh -xc 'x=1; echo $x' 2>&1
	sh -c 'echo "$0 $1 $#"' name one; sh -s a b <<'END'
echo "$1 $2"
END
	sh -n -c 'echo not run'; sh -c 'if' 2> /dev/null; echo $?
	sh -c 'exec true; echo no'; echo $?
	sh -c 'exec none_such; echo no' 2> /dev/null; echo $?
	sh -c 'return 3' ; echo $?
}

# Limits: open files, file size, processor time.
case_ulimit() {
	sh -c 'ulimit -n 20; ulimit -n'
	sh -c 'ulimit -f 1; head -c 5000 /dev/zero > f' 2> /dev/null; wc -c < f
	sh -c 'ulimit -f 0; echo x > g' 2> /dev/null; echo $?
	sh -c 'ulimit -Sn 15; ulimit -Hn' > /dev/null; echo $?
	sh -c 'ulimit -n 6; exec 5> f; exec 6> g' 2> /dev/null; echo $?
	sh -c 'ulimit -c 0; ulimit -c'
}

# Environment: export, unset, empty, what programs get.
case_environment() {
	A=1 sh -c 'echo $A'; echo "[$A]"
	export B=2; sh -c 'echo $B'; unset B; sh -c 'echo [$B]'
	env -i X=y busybox env
	env -u PATH busybox sh -c 'echo [$PATH]' | head -c 3; echo
	C= ; echo "${C-unset} ${C:-empty} ${D-unset}"
	: "${E:=set}"; echo $E
	(: "${F:?not there}") 2>&1 | sed 's/.*F/F/'
	v=path/to/file.txt; echo "${v##*/} ${v%.*} ${v#*/} ${#v}"
	env | grep -E "^(HOME|TZ)=" | sort
	IFS=,; set -- $(echo a,b,c); echo $#
}

# Arithmetic and its limits.
case_arithmetic() {
	echo $((7 / 2)) $((-7 / 2)) $((-7 % 3)) $((1 << 10)) $((0x1f)) $((010)) $((5 > 3 && 2 < 1)) $((~0))
	echo $((9223372036854775807 + 1)) $((2 ** 10)) $((1 ? 2 : 3))
	sh -c 'echo $((1 / 0))' 2> /dev/null; echo $?
	i=5; echo $((i++)) $((++i)) $((i -= 2)) $i
	expr 3 + 4 '*' 5; expr abc : 'a\(.*\)'; expr 1 = 2; echo $?
	[ 10 -gt 9 ] && [ 10 \< 9 ] && echo both
	printf '%d %x %o %5.2f|%-5s|%05d %c %%\n' 255 255 8 3.14159 ab 42 xyz
	printf '%s\n' a b c; printf '%b' 'tab\there\n'
}

# Patterns: case, globs, quotes, what does not match.
case_patterns() {
	touch a.c b.c .hidden 'with space' '[x]'
	echo *.c; echo *; echo .h*; echo none*; echo ?.c; echo [ab].c; echo [!a].c; echo '\['*; echo "*"
	for w in foo bar 'x y' '*'; do case $w in f*) echo f ;; *' '*) echo space ;; '*') echo star ;; *) echo other ;; esac; done
	set -f; echo *; set +f
	mkdir -p d/e; touch d/e/f; echo */*/*; echo d/*; echo d/*/
	rm 'with space' '[x]'; ls -A
}

# Functions: recursion, return, positional parameters, getopts.
case_functions() {
	f() { [ "$1" -le 1 ] && echo 1 && return; echo $(($1 * $(f $(($1 - 1))))); }; f 10
	g() { return 7; }; g; echo $?
	h() { echo "$# $*"; shift 2; echo "$# $1"; }; h a 'b c' d e
	while getopts 'ab:' o -a -b value rest; do echo "$o ${OPTARG-none}"; done
	eval 'k() { echo evaluated; }'; k
	unset -f k; k 2> /dev/null; echo $?
	set -- 1 2 3; for i; do printf '%s.' "$i"; done; echo
	command -v f > /dev/null; echo $?; type none_such > /dev/null 2>&1; echo $?
}
