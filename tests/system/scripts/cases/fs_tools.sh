# Tools on files: what they leave on the disk.

# cp -a keeps modes, times, links; ln and hard links.
case_copies() {
	mkdir -p src/sub; echo data > src/f; chmod 640 src/f; touch -d '2001-02-03 04:05:06' src/f src/sub
	ln -s f src/link; ln -s /none src/dangling; ln src/f src/hard; mkfifo src/fifo; chmod 750 src/sub
	cp -a src dst; cd dst
	stat -c '%n %A %s %Y' f hard; stat -c '%n %A' sub fifo; readlink link dangling
	stat -c %h f
	cd ..; cp src/link copied; cat copied; cp -P src/link kept; readlink kept
	cp src dst2 2> /dev/null; echo $?
	cp src/f src/f 2>&1; echo $?
	cp none x 2> /dev/null; echo $?
	ln src/f src/f 2> /dev/null; echo $?; ln -sf new src/link; readlink src/link
	ln src x 2> /dev/null; echo $?
	cp -u src/f copied; mv copied dst/sub; ls dst/sub
}

# dd: seek, skip, notrunc, sync, short blocks.
case_dd() {
	printf '0123456789' > f
	dd if=f of=g bs=1 skip=3 count=4 2> /dev/null; cat g; echo
	printf 'XY' | dd of=f bs=1 seek=5 conv=notrunc 2> /dev/null; cat f; echo
	printf 'Z' | dd of=f bs=1 seek=2 2> /dev/null; cat f; echo
	dd if=/dev/zero of=s bs=4096 count=0 seek=100 2> /dev/null; stat -c %s s
	printf 'ab' | dd bs=4 conv=sync 2> /dev/null | od -An -tx1
	(printf 'aaa'; sleep 0.1; printf 'bbb') | dd bs=6 count=1 iflag=fullblock 2> /dev/null; echo
	dd if=none of=x 2>&1 | sed 's/.*: //'; dd if=f of=/dev/full 2>&1 | grep -o 'No space.*'
	dd if=/dev/zero bs=64k count=3 2> /dev/null | md5sum
	dd if=f bs=3 2>&1 >/dev/null | head -n 2
}

# tar, gzip, cpio: there and back.
case_archives() {
	mkdir -p t/a/b; seq 1000 > t/a/numbers; ln -s numbers t/a/link; ln t/a/numbers t/a/hard; mkfifo t/fifo; echo alone > t/single
	touch -d '2010-10-10 10:10:10' t/a/numbers; chmod 4711 t/a/numbers
	tar -cf t.tar t; tar -tf t.tar | sort
	mkdir out; tar -xpf t.tar -C out; find out -exec stat -c '%n %A %h' {} + | grep -v '^out d' | sed 's/ \(d[^ ]*\) .*/ \1/' | sort
	stat -c %Y out/t/a/numbers; readlink out/t/a/link; cmp t/a/numbers out/t/a/hard && echo same
	gzip -k t.tar; gunzip -c t.tar.gz | cmp - t.tar && echo same; gzip -t t.tar.gz; echo $?
	echo junk > bad.gz; gunzip bad.gz 2> /dev/null; echo $?
	tar -czf t.tgz t; tar -xzOf t.tgz t/single
	(cd t && find . | sort | cpio -o -H newc 2> /dev/null) > t.cpio; mkdir c
	(cd c && cpio -id 2> /dev/null < ../t.cpio; ls a | sort | tr '\n' ' '); echo
}

# find: types, sizes, times, modes, links, actions.
case_find() {
	mkdir -p d/e/f .h; touch d/one; head -c 2000 /dev/zero > d/e/big; ln -s ../one d/e/link; ln -s e/f d/dirlink; mkfifo d/p
	chmod 600 d/one
	find d | sort; find d -type f | sort; find d -type l | sort; find d -type p; find d -type d | sort
	find d -type f -size +1k; find d -name 'o*'; find d -perm 600; find d -empty -type d; find d -maxdepth 1 | sort
	find -L d -type f | sort; find d -newer d/one -type f; find d -path '*e/*' | sort
	find d -type f -exec echo found {} \; | sort; find d -type f -print0 | xargs -0 -n 1 echo | sort
	find d -name e -prune -o -print | sort; find none 2> /dev/null; echo $?
	find d -depth -delete; ls
}

# test's operators on every kind of file.
case_test_operators() {
	mkdir d; touch empty; echo x > full; ln -s full link; ln -s none dangling; mkfifo p; chmod 700 full; ln full hard
	[ -d d ] && [ -x d ] && [ ! -f d ] && echo folder
	for f in empty full link dangling p none /dev/null; do
		printf '%s:' "$f"
		for o in e f d L h p c b s r w x g u k S; do [ -$o "$f" ] && printf ' %s' $o; done; echo
	done
	[ full -ef hard ] && echo same file; [ full -ef empty ] || echo different
	touch -d '2000-01-01' old; [ full -nt old ] && echo newer; [ old -ot full ] && echo older; [ old -nt none ] && echo there
	chmod 6711 full; [ -u full ] && [ -g full ] && echo set-id; chmod 1777 d; [ -k d ] && echo sticky
	[ -t 0 ] || echo no terminal; [ '' ] || echo empty string; [ x = x -a y != x ] && echo and; [ ! -e none ] && echo not
	[ 1 -eq x ] 2> /dev/null; echo $?
}

# Modes by letters and numbers; umask; recursion.
case_modes() {
	touch f; mkdir d; touch d/f; ln -s f l
	for m in 0 777 u=rw,g=r,o= a+x g-r o=u u+s g+s +t 4755 a-s =; do chmod $m f; stat -c "$m %a %A" f; done
	chmod -R 700 d; stat -c %a d d/f; chmod 640 l; stat -c %a f l
	umask 027; touch n; mkdir nd; stat -c %a n nd; umask; umask -S; umask u=rwx,g=,o=; umask
	chmod 644 none 2> /dev/null; echo $?; chmod xyz f 2> /dev/null; echo $?
	mkdir -m 1770 m; stat -c %a m; mkdir -p -m 700 a/b; stat -c %a a a/b
}

# touch, times, stat formats.
case_times() {
	export TZ=UTC0
	touch -d '1999-12-31 23:59:59' a; stat -c '%x %y' a; touch -r a b; stat -c %Y b; date -u -r a '+%F %T'
	touch -d '2030-06-15 12:00:00' c; stat -c %Y c; touch -c none; ls none 2> /dev/null; echo $?
	touch -d '1970-01-01 00:00:00' e; stat -c %Y e
	touch -d '2037-12-31 00:00:00' far; stat -c %Y far
	echo x > a; [ "$(stat -c %Y a)" -gt 1000000000 ] && echo new; mkdir d; touch -d '2001-01-01 00:00:00' d; touch d/x
	[ "$(stat -c %Y d)" -gt 1000000000 ] && echo new
	touch -d '2001-01-01 00:00:00' d; cat d/x; stat -c %Y d; mv d e2; stat -c %Y e2
	stat -c '%F' a e2 /dev/null; ln -s a l; stat -c %F l; stat -L -c %F l; stat -c '%s %h %u %g %a' a
}

# Removing: trees, write-protected files, while open, odd names.
case_removing() {
	mkdir -p a/b/c; touch a/b/c/f a/.hidden; rm a 2> /dev/null; echo $?; rm -r a; ls
	touch -- -dash 'sp ace' "$(printf 'new\nline')"; rm -- -dash 'sp ace'; ls | wc -l; rm ./new*; ls | wc -l
	mkdir d; touch d/f; rmdir d 2> /dev/null; echo $?; rm d/f; rmdir d; rmdir d 2> /dev/null; echo $?; mkdir -p x/y/z; rmdir -p x/y/z
	ls
	rm none 2> /dev/null; echo $?; rm -f none; echo $?; ln -s /none l; rm l; echo $?; mkdir real; ln -s real link; rm -r link; ls
	exec 3> open; echo data >&3; rm open; echo more >&3; cat /proc/self/fd/3 3<&3 2> /dev/null | head -c 0; exec 3>&-; ls
	rm -r . 2> /dev/null; echo $?; unlink real 2> /dev/null; echo $?
	mkdir many; for i in 1 2 3 4 5 6 7 8 9 10; do : > many/$i; done; rm many/*; rmdir many; ls
}

# mv across names, onto folders, onto itself.
case_moving() {
	echo a > a; echo b > b; mv a b; cat b; ls
	mkdir d e; mv b d; ls d; mv d e; ls e/d; mv e/d/b .; mv b b 2> /dev/null; echo $?
	mkdir -p x/full e/x; touch x/full/f e/x/g; mv x e 2> /dev/null; echo $?; mv -f none . 2> /dev/null; echo $?
	mv -n b newname; ls; echo c > c; mv -n c newname; cat newname c 2> /dev/null; ln -s newname l; mv l l2; readlink l2
	mv newname d2/ 2> /dev/null; echo $?; mv e e/in 2> /dev/null; echo $?; mv c newname x; ls x
}

# Text tools that write files in place or through temporary ones.
case_in_place() {
	seq 5 > f; sed -i 's/3/three/' f; cat f; sed -i.bak 1d f; cat f f.bak | wc -l
	sort -r -o f f; head -n 1 f; awk '{ print > ("out" NR % 2) }' f; wc -l out0 out1 | head -n 2
	truncate -s 3 f; cat f; echo; truncate -s +5 f; wc -c < f
	echo abc | tee -a f > /dev/null; wc -c < f; tr a-z A-Z < f > g; od -c g | head -n 1; cp f g; cmp f g; echo $?; printf x >> g
	cmp f g; echo $?
	fallocate -l 10000 big 2> /dev/null || truncate -s 10000 big; wc -c < big; shred -n 1 -u big 2> /dev/null; ls big 2> /dev/null
	echo $?
}

# du, df and sizes of sparse files.
case_sizes() {
	mkdir d; head -c 50000 /dev/zero > d/f; truncate -s 1000000 d/sparse; sync
	[ "$(du -k d/sparse | cut -f1)" -lt 100 ] && echo sparse; [ "$(du -k d/f | cut -f1)" -ge 48 ] && echo full; stat -c %s d/sparse
	cp d/sparse copy; cmp d/sparse copy && echo same; ln d/f d/g; a=$(du -sk d | cut -f1); rm d/g; b=$(du -sk d | cut -f1)
	[ "$a" = "$b" ] && echo counted once
	df . > /dev/null; echo $?; df none 2> /dev/null; echo $?; ls -s d/f > /dev/null; wc -c d/f; find d -size +40k -type f | sort
}
