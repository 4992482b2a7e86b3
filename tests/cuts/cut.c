/* SPDX-License-Identifier: MIT */
/* Nothing: that it links is the test, see meson.build. */
int main(void)
{
	return 0;
}
