/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arguments of MAIL and RCPT, and the names of the address in them. */
#include "fuzz.h"

#include "deliver/recipient.h"
#include "lmtp/path.h"

static gboolean is_inside(Bytes all, Bytes part)
{
	return part.size == 0 ||
		(part.data >= all.data &&
			part.data + part.size <= all.data + all.size);
}

static void check_address(Bytes address)
{
	g_auto(RecipientNames) names = { 0 };

	g_assert(address.size <= PATH_ADDRESS_MAX);
	g_assert(g_utf8_validate(address.data, (gssize)address.size, NULL));
	for (gsize i = 0; i < address.size; i++)
		g_assert((guchar)address.data[i] >= 0x20 &&
			address.data[i] != 0x7f);
	if (!recipient_names(address, "+-", "a *", &names))
		return;
	for (gsize i = 0; names.names[i] != NULL; i++)
		g_assert(g_utf8_validate(names.names[i], -1, NULL) &&
			strlen(names.names[i]) <= address.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes text = bytes_of((const char *)data, size);
	PathParameter parameter;
	Path path;
	gsize taken = path_parse(text, &path);

	g_assert(taken <= size);
	if (taken > 0) {
		g_assert(is_inside(text, path.address));
		g_assert(text.data[taken - 1] == '>');
		check_address(path.address);
	}
	Bytes rest = bytes_slice(text, taken, text.size);
	while (path_parameter_next(&rest, &parameter) == PATH_PARAMETER)
		g_assert(parameter.keyword.size > 0 &&
			is_inside(text, parameter.keyword) &&
			is_inside(text, parameter.value));
	return 0;
}
