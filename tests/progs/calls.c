/* SPDX-License-Identifier: MIT */
/*
 * A few system calls of which everything is known beforehand; what to do is told by letters of the first argument.
 *
 *	c chdir(".")   e chdir to a file that is not there   g getppid   w write "hello\n" to descriptor 1
 *	b write bytes that are no text   f fork a child that exits with 7 a little later, wait   p pause   s SIGUSR1 to itself, handled
 *	k SIGTERM to itself   x exit with 3   l loop of getppid, as often as the second argument says
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void on_signal(int signo)
{
	(void)signo;
}

static void loop(long n)
{
	while (n-- > 0)
		syscall(SYS_getppid);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int r = 0;

	for (; *what; what++)
		switch (*what) {
		case 'c':
			r |= chdir(".");
			break;
		case 'e':
			r |= !chdir("/nonexistent/\033[31m");
			break;
		case 'g':
			syscall(SYS_getppid);
			break;
		case 'w':
			r |= write(1, "hello\n", 6) != 6;
			break;
		case 'b':
			r |= write(1, "a\377\033\n\0b", 6) != 6;
			break;
		case 'f':
			if (!fork()) {
				usleep(100000); /* its parent waits by then */
				_exit(7);
			}
			wait(NULL);
			break;
		case 'p':
			pause();
			break;
		case 's':
			signal(SIGUSR1, on_signal);
			raise(SIGUSR1);
			break;
		case 'k':
			raise(SIGTERM);
			break;
		case 'x':
			return 3;
		case 'l':
			loop(argc > 2 ? atol(argv[2]) : 1000);
			break;
		}
	return r != 0;
}
