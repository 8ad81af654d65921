/* Is the peer there? C-ECHO in ten lines. Usage: echo AET@host:port */
#include <scu/scu.h>
#include <stdio.h>

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: echo AET@host:port\n");
    return 2;
  }
  scu_session *session = NULL;
  scu_response *response = NULL;
  scu_result result = scu_session_new(&session, NULL, argv[1]);
  if (result == SCU_OK) result = scu_echo(session, &response);
  if (result == SCU_OK)
    printf("answered with status %04XH\n", scu_response_status(response));
  else
    fprintf(stderr, "%s\n", session ? scu_error_reason(scu_session_error(session)) : scu_result_name(result));
  scu_response_free(response);
  scu_session_free(session);
  return result == SCU_OK ? 0 : 1;
}
