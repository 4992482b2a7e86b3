/* SPDX-License-Identifier: MIT */
/* What commands have in common around a session: its failures as messages, its log. See cmd.h. */
#include "tool/cmd.h"

#include <string.h>

int cmd_session_error(const struct cmd_call *call, const struct ptl_session *session, int result)
{
	const char *sentence = session ? ptl_message(session) : "";

	return cmd_error(call, "%s", *sentence ? sentence : ptl_error_text(result));
}

static void log_sink(void *arg, const char *layer, const char *line)
{
	cmd_note(arg, "[%s] %s", layer, line);
}

/* --log=LAYER:LEVEL[,LAYER:LEVEL]...; main() has checked its form, the session knows the layers. */
void cmd_log(const struct cmd_call *call, struct ptl_session *session)
{
	static const char *const levels[] = {"off", "error", "info", "debug"};
	const char *p = call->log;

	while (p && *p) {
		size_t len = strcspn(p, ","), name = strcspn(p, ":,"), i;
		char layer[32];

		for (i = 0; i < PT_COUNTOF(levels); i++)
			if (len - name == strlen(levels[i]) + 1 &&
				!strncmp(p + name + 1, levels[i], len - name - 1))
				break;
		if (name < sizeof(layer) && i < PT_COUNTOF(levels)) {
			memcpy(layer, p, name);
			layer[name] = '\0';
			ptl_session_log(session, strcmp(layer, "all") ? layer : NULL, (int)i, log_sink,
				(void *)call);
		}
		p += len;
		p += *p == ',';
	}
}
