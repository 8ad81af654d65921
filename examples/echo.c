/* Is the peer there? C-ECHO in ten lines. Usage: echo AET@host:port */
#include <scu/scu.h>
#include <stdio.h>

int main(int argc, char **argv) {
  scu_session *session = NULL;
  scu_response *response = NULL;
  scu_result result = argc == 2 ? scu_session_new(&session, NULL, argv[1]) : SCU_ERROR_USAGE;
  if (result == SCU_OK) result = scu_echo(session, &response);
  if (result == SCU_OK)
    printf("answered with status %04XH\n", scu_response_status(response));
  else
    fprintf(stderr, "%s\n", session ? scu_error_reason(scu_session_error(session)) : "usage: echo AET@host:port");
  scu_response_free(response);
  scu_session_free(session);
  return result == SCU_OK ? 0 : 1;
}
