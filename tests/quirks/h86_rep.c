/* SPDX-License-Identifier: MIT */
/*
 * A repeated string instruction is one instruction, though the processor stops after each of its rounds when it is stepped; and it does
 * what it should, also when signals come in its midst.
 */
#include "stepping.h"

#include <sys/time.h>

char buffer_a[1 << 20], buffer_b[1 << 20];

#define TO_A "lea buffer_a(%rip),%rdi\n"
#define FROM_B "lea buffer_b(%rip),%rsi\n"

PIECE(none, TO_A "xor %ecx,%ecx\n rep stosb\n mov %ecx,%eax");
PIECE(one, TO_A "mov $1,%ecx\n rep stosb\n mov %ecx,%eax");
PIECE(five, TO_A FROM_B "mov $5,%ecx\n rep movsb\n mov %ecx,%eax");
PIECE(six, TO_A FROM_B "mov $6,%ecx\n rep movsw\n mov %ecx,%eax");
PIECE(seven, TO_A "mov $7,%ecx\n rep stosq\n mov %ecx,%eax");
PIECE(million, TO_A "mov $5,%al\n mov $1000000,%ecx\n rep stosb\n lea buffer_a(%rip),%rdx\n movzbl 999999(%rdx),%eax\n sub $5,%eax\n or %ecx,%eax");
/* ends at the tenth byte */
PIECE(scan, "lea buffer_b(%rip),%rdi\n movb $1,9(%rdi)\n mov $1,%al\n mov $1000,%ecx\n repne scasb\n mov %ecx,%eax\n sub $990,%eax");
PIECE(compare, TO_A FROM_B "movb $9,3(%rdi)\n mov $1000,%ecx\n repe cmpsb\n mov %ecx,%eax\n sub $996,%eax");
/* backwards, two behind each other, and one that is not repeated */
PIECE(backwards, "std\n lea buffer_a+999(%rip),%rdi\n mov $1000,%ecx\n rep stosb\n cld\n mov %ecx,%eax");
PIECE(pair, TO_A "mov $20,%ecx\n rep stosb\n mov $20,%ecx\n rep stosb\n stosb\n mov %ecx,%eax");
PIECE(pause_is_none, "mov $50,%ecx\n pause\n pause\n xor %eax,%eax");

static volatile unsigned alarms;

static void on_alarm(int signo)
{
	(void)signo;
	alarms++;
}

static long interrupted(void)
{
	struct itimerval often = {{0, 10000}, {0, 10000}}, never = {{0, 0}, {0, 0}};
	long bad = 0;
	unsigned i;

	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &often, NULL);
	for (i = 0; i < 20 || alarms < 3; i++)
		bad |= million() | scan() | five();
	setitimer(ITIMER_REAL, &never, NULL);
	return bad;
}

int main(void)
{
	struct stepped r;

	expect_piece(none, 4);
	expect_piece(one, 4);
	expect_piece(five, 5);
	expect_piece(six, 5);
	expect_piece(seven, 4);
	expect_piece(million, 8);
	expect_piece(scan, 7);
	expect_piece(compare, 7);
	expect_piece(backwards, 6);
	expect_piece(pair, 7);
	expect_piece(pause_is_none, 4);
	r = step_through(interrupted, (const char *)interrupted + 1);
	CHECK(r.exit == 0, "a repeated instruction went wrong among signals (%d)", r.exit);
	CHECK(r.signals > 0, "no signal came");
	q_check_alone();
	return 0;
}
