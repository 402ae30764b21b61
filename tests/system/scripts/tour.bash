# A tour of bash: run by Debian's bash-static on the host's Linux and on Sluice; both must print the same. Uses builtins, and cat, sort,
# tr, mkdir, rm, sleep, where busybox and the host agree. Works in an empty folder, its first argument.
cd "$1" || exit 9
section() { echo "== $*"; }
export LC_ALL=C

section arrays
a=(alpha beta "gamma delta" epsilon)
echo "${#a[@]} ${a[2]} ${a[-1]}"
a+=(zeta)
printf '<%s>' "${a[@]}"; echo
printf '<%s>' "${a[@]:1:2}"; echo
echo "${!a[@]}"
unset 'a[1]'
echo "${!a[@]} / ${a[*]}"
b=("${a[@]/a/A}")
echo "${b[*]}"
sparse=([5]=five [2]=two)
for i in "${!sparse[@]}"; do echo "$i=${sparse[i]}"; done
mapfile -t lines < <(printf 'one\ntwo\nthree\n')
echo "${#lines[@]} ${lines[1]}"

section associative arrays
declare -A colour=([red]=ff0000 [green]=00ff00 [blue]=0000ff)
for k in $(printf '%s\n' "${!colour[@]}" | sort); do echo "$k ${colour[$k]}"; done
[[ -v colour[red] ]] && echo "red is there"
unset 'colour[red]'
echo "${#colour[@]}"

section strings
s="The quick brown fox"
echo "${#s} ${s:4:5} ${s: -3} ${s%% *} ${s##* } ${s/quick/slow} ${s//o/0}"
echo "${s^^} ${s,,} ${s^}"
unset nothing
echo "${nothing:-default} ${nothing:+set} ${s:+set}"
path=/usr/lib/file.tar.gz
echo "${path##*/} ${path%/*} ${path%%.*} ${path#*.}"
printf '%5d|%-5d|%05d|%x|%o|%e|%s\n' 42 42 42 255 8 12345.678 text
printf '%q %q\n' 'a b' "it's"
printf -v var '%03d' 7; echo "$var"
echo $'tab\there' $'\x41\u00e9' | cat -v 2>/dev/null | tr -d '\n'; echo

section arithmetic
echo $((1 + 2 * 3 - 4 / 2)) $((7 % 3)) $((2 ** 10)) $((1 << 20)) $((0xff)) $((010)) $((2#1011)) $((-7 / 2))
x=5; ((x += 3)); echo $((x++ + ++x)) $x
echo $((x > 5 ? 1 : 0)) $((!x)) $((x & 6 | 8)) $((~0))
for ((i = 0, j = 10; i < j; i += 3, j--)); do echo -n "$i:$j "; done; echo
declare -i n=3*4; echo $n
echo $((9223372036854775807 + 0)) $((9223372036854775807 + 1))

section control flow
for w in one two three four; do
	case $w in
	o*) echo "o-word" ;;
	t[wh]*) echo "t-word $w" ;;&
	*three) echo "ends in three" ;;
	*) echo "other $w" ;;
	esac
done
i=0
while true; do
	((++i > 10)) && break
	((i % 3)) || continue
	echo -n "$i "
done; echo
until ((i <= 5)); do ((i -= 2)); done; echo $i
if [[ abc == a* && abc != *z && 5 -lt 10 && -n x ]]; then echo "tests hold"; fi
if [[ "2026-11-21" =~ ^([0-9]{4})-([0-9]{2})-([0-9]{2})$ ]]; then echo "${BASH_REMATCH[@]:1}"; fi
select_one() { local IFS=,; echo "$*"; }
select_one a b c

section functions
fact() { if (($1 < 2)); then echo 1; else echo $(($1 * $(fact $(($1 - 1))))); fi; }
fact 10
outer() { local v=outer; inner; echo "outer sees $v"; }
inner() { v=changed; }
v=global; outer; echo "global $v"
swap() { local -n p=$1 q=$2; local t=$p; p=$q; q=$t; }
l=left r=right; swap l r; echo "$l $r"
ret() { return "$1"; }
ret 0 && echo yes; ret 7 || echo "status $?"
args() { echo "$# $1 ${*:2}"; shift 2; echo "$# $1"; }
args one "two words" three four

section here documents
name=world
cat <<END
Hello, $name: $((6 * 7)) $(echo nested)
	a tab stays
END
cat <<'END'
No $name here, nor $((1+1)).
END
cat <<-END
	tabs are gone
	END
read -r first rest <<<"alpha beta gamma"; echo "$first / $rest"
tr a-z A-Z <<<"here string"

section redirections
{ echo out; echo err >&2; } >both.txt 2>&1; cat both.txt
echo first >f; echo second >>f; cat <f
exec 3<f; read -r -u 3 l1; read -r -u 3 l2; exec 3<&-; echo "$l1 $l2"
exec 4>g; echo "to four" >&4; exec 4>&-; cat g
{ read -r l1; read -r l2; } <f; echo "$l2 $l1"
echo "into a pipe" | while read -r line; do echo "got: $line"; done
set -o noclobber; (echo no >f) 2>/dev/null || echo "noclobber holds"; set +o noclobber
cat nothing.txt 2>/dev/null || echo "no such file: $?"
: >empty; [[ -e empty && ! -s empty ]] && echo "empty is empty"

section pipes and status
true | false | true; echo "${PIPESTATUS[*]}"
set -o pipefail; true | false | true; echo $?; set +o pipefail
(exit 3); echo $?
! true; echo $?
printf 'c\nb\na\n' | sort | tr '\n' ' '; echo
yes_() { while echo y; do :; done; }
yes_ 2>/dev/null | { read -r one; read -r two; echo "$one$two"; }

section process substitution
while read -r x; do echo -n "[$x]"; done < <(printf '1\n2\n3\n'); echo
cat <(echo from the first) <(echo from the second)
sort <(printf 'b\na\n') <(printf 'd\nc\n') | tr '\n' ' '; echo
echo "written through" > >(cat >through.txt); wait $! 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do [[ -s through.txt ]] && break; sleep 0.1; done
cat through.txt

section coprocess
coproc UP { while read -r line; do echo "${line^^}"; done; }
echo "shout" >&"${UP[1]}"; read -r answer <&"${UP[0]}"; echo "$answer"
eval "exec ${UP[1]}>&-"; wait "$UP_PID"; echo "ended $?"

section globbing
mkdir -p glob/sub && cd glob || exit 8
: >a1; : >a2; : >b1; : >.hidden; : >"with space"; : >sub/deep.txt
echo *; echo a?; echo [ab]1; echo [!a]*; echo */*
shopt -s nullglob; echo none*; shopt -u nullglob; echo none*
shopt -s dotglob; echo .h*; shopt -u dotglob
shopt -s extglob
echo !(a*|sub); echo @(a|b)1; echo +([ab])[0-9]; shopt -u extglob
shopt -s globstar; echo **/*.txt; shopt -u globstar
echo {a,b,c}{1,2} {1..5} {10..0..5} {a..e}
cd ..

section traps
(trap 'echo "leaving with $?"' EXIT; exit 5); echo $?
trap 'echo caught USR1' USR1; kill -USR1 $$; trap - USR1
(trap '' TERM; kill -TERM $BASHPID; echo "still here")
(kill -TERM $BASHPID; echo never) ; echo $?
trap 'echo "error at some line"' ERR; false; trap - ERR
(trap 'echo interrupted; exit 3' INT; kill -INT $BASHPID; echo not reached); echo $?

section jobs
sleep 0.2 & p=$!; wait $p; echo "waited $?"
(exit 4) & wait $!; echo "status $?"
for i in 1 2 3; do (exit $i) & done; wait; echo "all"
sleep 60 & kill $!; wait $! 2>/dev/null; echo $?
set -m
sleep 60 & p=$!; kill -STOP $p; sleep 0.2; jobs -s | tr -s ' ' | cut -d' ' -f2
kill -CONT $p; sleep 0.2; kill $p; wait $p 2>/dev/null; echo $?
set +m

section options and parsing
parse() {
	local OPTIND=1 opt
	while getopts ":ab:c" opt; do
		case $opt in
		a | c) echo "option $opt" ;;
		b) echo "option b with $OPTARG" ;;
		\?) echo "unknown $OPTARG" ;;
		:) echo "$OPTARG wants an argument" ;;
		esac
	done
	shift $((OPTIND - 1)); echo "rest: $*"
}
parse -a -b value -cx rest of it
parse -b
set -- x y z; echo "$# $*"; shift; echo "$1"
IFS=: read -r u _ uid _ <<<"root:x:0:0"; echo "$u $uid"
IFS=$' \t\n'
eval 'echo "evaluated $((3*3))"'
cmd=(printf '%s-%s\n' dynamic command); "${cmd[@]}"
type -t echo fact cat if | tr '\n' ' '; echo
command -v cd; echo "${BASH_VERSINFO[0]}"
(set -u; echo "${undefined_thing}") 2>/dev/null; echo "set -u: $?"
(set -e; false; echo never); echo "set -e: $?"
declare -p n | tr -d '\n'; echo
readonly fixed=1; (fixed=2) 2>/dev/null || echo "readonly"

section a small program
# The first primes by a sieve, then words counted from a text.
max=60; declare -a composite
for ((i = 2; i <= max; i++)); do
	[[ ${composite[i]} ]] && continue
	echo -n "$i "
	for ((j = i * i; j <= max; j += i)); do composite[j]=1; done
done; echo
declare -A count
while read -r -a words; do for w in "${words[@]}"; do w=${w,,}; w=${w//[^a-z]/}; [[ $w ]] && ((count[$w]++)); done; done <<'END'
The fox jumps over the dog. The dog sleeps;
the fox does not.
END
for w in "${!count[@]}"; do echo "${count[$w]} $w"; done | sort -k1,1nr -k2 | { read -r l1; read -r l2; echo "$l1, $l2"; }
hanoi() { (($1 == 0)) && return; hanoi $(($1 - 1)) "$2" "$4" "$3"; moves+=("$2$3"); hanoi $(($1 - 1)) "$4" "$3" "$2"; }
hanoi 5 A C B; echo "${#moves[@]} ${moves[*]:0:8}"
json='{"name": "sluice", "bits": 32}'
[[ $json =~ \"bits\":\ ([0-9]+) ]] && echo "bits ${BASH_REMATCH[1]}"
rm -r glob both.txt f g empty through.txt; echo "left: $(echo *)"
exit 42
