# Tools that work on streams.

# sort: numbers, keys, unique, stable, from many files.
case_sort() {
	printf '10\n9\n2\n1\n' | sort; printf '10\n9\n2\n1\n' | sort -n | tr '\n' ' '; echo
	printf 'b 2\na 10\nc 1\n' | sort -k 2 -n; printf 'x:3\ny:1\n' | sort -t : -k 2; printf 'a\nb\na\n' | sort -u
	printf 'b\nA\na\n' | sort -f
	printf 'b\na\n' | sort -c 2> /dev/null; echo $?; seq 5 | sort -r | head -n 2; printf 'a\nb\n' > f; printf 'c\n' > g; sort f g
	sort none 2> /dev/null; echo $?
	printf 'a\na\nb\n' | uniq -c | sed 's/^ *//'; printf 'a\na\nb\n' | uniq -d; seq 3000 | sort -n | tail -n 1
}

# xargs: splitting, limits, statuses.
case_xargs() {
	seq 5 | xargs; seq 5 | xargs -n 2; echo "a 'b c' d" | xargs -n 1; printf 'a\0b c\0' | xargs -0 -n 1 echo
	echo x | xargs -I @ echo pre@post
	printf '' | xargs echo none; printf '' | xargs -r echo none; echo 1 | xargs sh -c 'exit 3'; echo $?
	echo 1 | xargs none_such 2> /dev/null; echo $?
	echo 1 | xargs false; echo $?; seq 3 | xargs -n 1 sh -c 'exit 255' 2> /dev/null; echo $?; seq 8000 | xargs echo | wc -w
	seq 3 | xargs -t echo 2> /dev/null
}

# sed: addresses, hold space, branches, groups.
case_sed() {
	seq 10 | sed -n '3,5p'; seq 10 | sed -n '$p'; seq 5 | sed '2d;4d'; echo abc | sed 's/\(.\)\(.\)/\2\1/'; seq 3 | sed -n '1!G;h;$p'
	seq 6 | sed -n '/2/,/4/p'; echo aaa | sed 's/a/b/2'; echo aaa | sed 's/a/b/g'; printf 'a\nb\n' | sed 'N;s/\n/-/'
	seq 3 | sed '2i before
2a after'; echo hello | sed 'y/elo/ipa/'; seq 4 | sed -n '2{p;q}'; echo a.b.c | sed 's|\.|/|g'; printf 'x\n' | sed -E 's/(x+)/[\1]/'; seq 3 | sed = | sed 'N;s/\n/ /'
	echo x | sed 's/x/' 2> /dev/null; echo $?
}

# awk: fields, arrays, functions, getline, pipes, printf.
case_awk() {
	printf 'a 1\nb 2\na 3\n' | awk '{ s[$1] += $2 } END { for (k in s) print k, s[k] }' | sort
	echo a:b:c | awk -F: '{ print $NF, NF }'
	awk 'BEGIN { printf "%5.2f|%-4s|%03d|%x\n", 3.14159, "ab", 7, 255; print length("hello"), substr("hello", 2, 3), index("hello", "l"), toupper("x") }'
	awk 'function f(n) { return n < 2 ? 1 : n * f(n - 1) } BEGIN { print f(10); print 2 ^ 10, 7 % 3, 1 / 4, int(-3.7) }'
	seq 5 | awk 'NR == 2, NR == 4'
	awk 'BEGIN { while (("seq 3" | getline x) > 0) t += x; print t; "echo sub" | getline y; print y; print "b\na" | "sort"; close("sort"); print "end" }'
	echo 'x=1;y=2' | awk '{ n = split($0, p, ";"); for (i = 1; i <= n; i++) print p[i] }'; echo aXbX | awk '{ gsub(/X/, "-"); print }'
	awk 'BEGIN { exit 3 }'; echo $?
	awk -v v=5 'BEGIN { print v * 2; print substr("x", 0), "a" "b"; print 1e3, 0.1 + 0.2, 100000 * 100000 }'; echo 'l1
l2' | awk 'END { print NR, $0 }'; seq 2000 | awk '{ s += $1 } END { print s }'
}

# grep: patterns, options, statuses.
case_grep() {
	printf 'one\ntwo\nthree\n' > f; grep t f; grep -c t f; grep -v t f; grep -n two f; grep -o 'e*$' f; grep -E 'one|two' f
	grep -F . f; echo $?; grep -i ONE f; grep -w tw f; echo $?
	grep -q one f; echo $?; grep x none 2> /dev/null; echo $?; grep -l one f none 2> /dev/null; echo $?; mkdir d; echo deep one > d/g
	grep -r one . | sort; grep -A 1 one f; grep -x two f; grep -m 1 t f; printf 'a\0b\n' | grep -c b
}

# cut, paste, tr, head, tail, comm, join-like tools, wc, nl, rev, fold.
case_columns() {
	echo a:b:c | cut -d : -f 2-; echo abcdef | cut -c 2-4,6; echo hello | tr l L; echo hello | tr -d l; echo aabb | tr -s a-b
	echo abc | tr a-c A-C; seq 3 | paste -s -d +; seq 2 > a; seq 3 4 > b; paste a b
	seq 10 | head -n -7; seq 10 | tail -n +8; seq 10 | tail -n 2; echo abcdef | head -c 3; echo; echo abcdef | tail -c 3
	printf 'a\nb\n' > x; printf 'b\nc\n' > y; echo hello | rev; echo abcdefgh | fold -w 3; printf 'a b\nc\n' | wc
	seq 3 | nl | tr -d ' '; tac x; printf 'a\tb\n' | expand -t 4; seq 3 | shuf | sort
	echo hello | od -An -c; echo hello | md5sum; echo hello | sha256sum | cut -c 1-16
	printf '\001\377' | hexdump -C | head -n 1; echo aGVsbG8= | base64 -d; echo; seq 1000 | md5sum
}

# diff, cmp, patch.
case_compare() {
	seq 5 > a; seq 5 | sed 's/3/x/' > b; diff a b; echo $?; diff -u a b | tail -n +3; diff a a; echo $?; cmp a b; echo $?
	cmp -s a none; echo $?; diff a none 2> /dev/null; echo $?
	diff -u a b > p; patch a < p; cmp a b && echo patched; mkdir d e; echo 1 > d/f; echo 2 > e/f; echo 3 > e/g; diff -r d e; echo $?
	diff -q a b; echo $?
}

# Names: basename, dirname, realpath, readlink, pwd, cd -.
case_names() {
	basename a/b/c.txt .txt; dirname a/b/c; basename /; dirname x; mkdir -p d/e; ln -s d/e l; cd l; pwd | sed 's/.*case-names//'
	pwd -P | sed 's/.*case-names//'; cd ..; pwd | sed 's/.*case-names//'; cd d; cd - > /dev/null; pwd | sed 's/.*case-names//'
	realpath l/.. | sed 's/.*case-names//'; readlink -f l | sed 's/.*case-names//'; readlink -f none/x; echo $?; readlink d; echo $?
	cd none 2> /dev/null; echo $?; cd d/e && cd ../.. && pwd | sed 's/.*case-names//'
	mkdir gone; cd gone; rmdir ../gone; pwd -P 2> /dev/null; ls; touch x 2>&1 | sed 's/.*: //'; cd ..; which sh > /dev/null; echo $?
	mktemp -u | wc -l; t=$(mktemp -d ./XXXXXX); [ -d "$t" ] && echo made
}

# date, sleep, seq, yes, factor, bc-like things.
case_numbers() {
	date -u -d @86400 '+%Y-%m-%d %H:%M:%S %j %a'; date -u -d '2000-02-29 12:00' +%s; seq 1 2 7 | tr '\n' ' '; seq 3 -1 1 | tr '\n' ' '
	seq -w 8 10 | tr '\n' ' '; echo; factor 97 100; cal 2 2000 | head -n 2 | tail -n 1; printf '%s\n' 1+2 '2^16' | bc 2> /dev/null
	sleep 0; echo $?; sleep 0.01; echo $?; sleep x 2> /dev/null; echo $?; echo '3 4 + p' | dc; usleep 1; echo $?
	time true 2> /dev/null; echo $?; nproc > /dev/null; echo $?; expr length hello
}
