/* "11112", "127.0.0.1:0", "[::1]:11112". Port 0 = any free one. */
#include "listen_address.h"

#include <string.h>

#include "errors.h"

static bool refuse(cli *context, const arguments *args, flag id) {
  report_usage(context, "PORT, 127.0.0.1:PORT or [::1]:PORT, the port from 0 (any free one) to 65535",
               "%s: '%s' is no address to listen on", flag_name(id), args->value[id]);
  return false;
}

bool listen_address_apply(cli *context, const arguments *args, flag id) {
  char address[256] = "";
  if (!args->has[id]) return true;
  const char *text = args->value[id];
  const char *port = strrchr(text, ':');
  if (port) {
    size_t length = (size_t)(port - text);
    bool is_bracketed = length > 2 && text[0] == '[' && text[length - 1] == ']';
    const char *from = is_bracketed ? text + 1 : text;
    if (is_bracketed) length -= 2;
    if (length >= sizeof address || (!is_bracketed && memchr(from, ':', length))) return refuse(context, args, id);
    memcpy(address, from, length);
    address[length] = 0;
  }
  /* The library knows these two by its own names, which nobody typed. */
  bool is_good = scu_options_set_text(context->options, SCU_OPTION_LISTEN_ADDRESS, address) == SCU_OK &&
                 scu_options_parse(context->options, SCU_OPTION_LISTEN_PORT, port ? port + 1 : text) == SCU_OK;
  return is_good || refuse(context, args, id);
}
