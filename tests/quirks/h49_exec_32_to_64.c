/* SPDX-License-Identifier: MIT */
/*
 * H49: a 32-bit program executes a 64-bit one, and the other way round. From the exec stop on all is of the new
 * architecture, registers, calls and word size; whatever was known of the task before is void.
 *
 * The 32-bit program is made here, byte by byte, so that no 32-bit compiler or C library is needed.
 */
#include "quirk.h"

#include <elf.h>
#include <linux/audit.h>
#include <sys/stat.h>

enum { BASE = 0x08048000, GETPID_32 = 20, EXECVE_32 = 11, MARK = 4711 };

/* getpid(); execve(file, {file, "64"}, {}); exit(1), by int 0x80. */
static void make_32(const char *path, const char *exec)
{
	struct {
		Elf32_Ehdr eh;
		Elf32_Phdr ph;
		unsigned char code[40];
		uint32_t argv[3], env[1];
		char file[256], arg[8];
	} image;
	/* mov eax,20; int 80; mov eax,11; mov ebx,file; mov ecx,argv; mov edx,env; int 80; mov eax,1; mov ebx,1; int 80 */
	unsigned char code[] = {0xb8, GETPID_32, 0, 0, 0, 0xcd, 0x80, 0xb8, EXECVE_32, 0, 0, 0, 0xbb, 0, 0, 0, 0, 0xb9, 0,
		0, 0, 0, 0xba, 0, 0, 0, 0, 0xcd, 0x80, 0xb8, 1, 0, 0, 0, 0xbb, 1, 0, 0, 0, 0xcd};
	uint32_t file = BASE + (uint32_t)((char *)image.file - (char *)&image), argv, env;
	int fd;

	memset(&image, 0, sizeof(image));
	argv = BASE + (uint32_t)((char *)image.argv - (char *)&image);
	env = BASE + (uint32_t)((char *)image.env - (char *)&image);
	memcpy(image.eh.e_ident, ELFMAG, SELFMAG);
	image.eh.e_ident[EI_CLASS] = ELFCLASS32;
	image.eh.e_ident[EI_DATA] = ELFDATA2LSB;
	image.eh.e_ident[EI_VERSION] = EV_CURRENT;
	image.eh.e_type = ET_EXEC;
	image.eh.e_machine = EM_386;
	image.eh.e_version = EV_CURRENT;
	image.eh.e_entry = BASE + (uint32_t)((char *)image.code - (char *)&image);
	image.eh.e_phoff = sizeof(image.eh);
	image.eh.e_ehsize = sizeof(image.eh);
	image.eh.e_phentsize = sizeof(image.ph);
	image.eh.e_phnum = 1;
	image.ph.p_type = PT_LOAD;
	image.ph.p_vaddr = image.ph.p_paddr = BASE;
	image.ph.p_filesz = image.ph.p_memsz = sizeof(image);
	image.ph.p_flags = PF_R | PF_W | PF_X;
	image.ph.p_align = 4096;
	memcpy(image.code, code, sizeof(code));
	memcpy(image.code + 13, &file, 4);
	memcpy(image.code + 18, &argv, 4);
	memcpy(image.code + 23, &env, 4);
	image.argv[0] = file;
	image.argv[1] = BASE + (uint32_t)((char *)image.arg - (char *)&image);
	snprintf(image.file, sizeof(image.file), "%s", exec);
	strcpy(image.arg, "64");
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	CHECK(fd >= 0 && write(fd, &image, sizeof(image)) == sizeof(image), "%s: %s", path, strerror(errno));
	close(fd);
}

static void check_arch(struct ptl_event *ev, bool is64, const char *when)
{
	const struct ptl_reg_info *pc = ptl_reg_find(ev->task, is64 ? "rip" : "eip");
	uint64_t value = 0;

	CHECK(ptl_task_arch(ev->task) == (is64 ? AUDIT_ARCH_X86_64 : AUDIT_ARCH_I386), "%s: architecture 0x%x", when,
		ptl_task_arch(ev->task));
	CHECK(pc && pc->size == (is64 ? 8u : 4u), "%s: no program counter of that size", when);
	CHECK(!ptl_reg_find(ev->task, "r15") == !is64, "%s: r15", when);
	OK(ev->session, ptl_get(ev->task, pc->name, &value));
	CHECK(value == ptl_pc(ev->task) && value != 0, "%s: pc 0x%llx", when, (unsigned long long)value);
	if (!is64)
		CHECK(value >= BASE && value < BASE + 4096, "%s: pc 0x%llx", when, (unsigned long long)value);
}

int main(int argc, char **argv)
{
	char self[256], *args[] = {"./prog32", NULL};
	struct ptl_session *s;
	struct ptl_launch how;
	struct ptl_event ev;
	int execs = 0, code = -1, pids32 = 0, calls64 = 0;
	bool is64 = true;
	ssize_t n;
	int r;

	if (argc > 1) /* executed by the 32-bit program */
		return syscall(SYS_getppid) > 0 && sizeof(long) == 8 ? MARK % 256 : 1;
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	CHECK(n > 0, "readlink");
	self[n] = 0;
	make_32("prog32", self);
	s = q_session(0);
	ptl_launch_init(&how, args);
	how.flags = PTL_LAUNCH_SHOW_EXEC;
	OK(s, ptl_launch(s, &how, NULL));
	while (q_wait(s, &ev)) {
		switch (ev.kind) {
		case PTL_EV_STARTED:
			check_arch(&ev, true, "before the exec"); /* fills the cache */
			break;
		case PTL_EV_EXEC:
			execs++;
			is64 = execs == 2;
			check_arch(&ev, is64, is64 ? "exec to 64 bit" : "exec to 32 bit");
			break;
		case PTL_EV_SYSCALL_ENTRY:
			if (ev.u.entry.nr != SYS_execve || is64) /* the call that brings it in is the old one's */
				CHECK(ev.u.entry.arch == (is64 ? AUDIT_ARCH_X86_64 : AUDIT_ARCH_I386),
					"call %llu is of architecture 0x%x", (unsigned long long)ev.u.entry.nr,
					ev.u.entry.arch);
			check_arch(&ev, is64, "entry");
			pids32 += !is64 && ev.u.entry.nr == GETPID_32;
			calls64 += is64 && execs == 2;
			if (!is64 && ev.u.entry.nr == EXECVE_32) {
				char file[256];
				bool ended;

				OK(s, ptl_read_string(ev.task, ev.u.entry.args[0], file, sizeof(file), &ended));
				CHECK(ended && !strcmp(file, self), "execve of %s", file);
			}
			break;
		case PTL_EV_SYSCALL_EXIT:
			check_arch(&ev, is64, "exit");
			break;
		case PTL_EV_EXITED:
			code = ev.u.exited.signo ? 256 + ev.u.exited.signo : ev.u.exited.code;
			if (execs == 0 && code == 127)
				q_skip("needs a kernel that runs 32-bit programs (CONFIG_IA32_EMULATION)");
			break;
		default:
			FAIL("%s", ptl_event_name(ev.kind));
		}
		r = ptl_resume(&ev, PTL_SYSCALL);
		CHECK(r >= 0, "%s", ptl_error_name(r));
	}
	ptl_session_free(s);
	CHECK(execs == 2 && code == MARK % 256, "%d execs, the end was %d", execs, code);
	CHECK(pids32 == 1 && calls64 > 5, "%d calls of getpid, %d of 64 bit", pids32, calls64);
	q_check_alone();
	return 0;
}
