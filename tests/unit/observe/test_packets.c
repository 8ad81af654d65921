/* Headers byte by byte; checksums checked the way a receiver does it: all of it, the sum included, comes to nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "observe/packets.h"

static uint32_t sum_of(uint32_t sum, const uint8_t *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
  return sum;
}

static uint16_t folded(uint32_t sum) {
  while (sum >> 16) sum = (sum & 0xFFFF) + (sum >> 16);
  return (uint16_t)sum;
}

static uint32_t number_at(const uint8_t *at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static const scu__trace_ends v4 = {
    .local = {10, 1, 2, 3}, .peer = {192, 168, 7, 8}, .local_port = 40112, .peer_port = 104};

static void test_an_ipv4_packet_is_as_the_rfcs_have_it(void **state) {
  (void)state;
  static const uint8_t payload[] = "odd";
  scu__packets packets;
  scu__buffer out;
  scu__packets_init(&packets, &v4);
  scu__buffer_init(&out, NULL, 1000);
  scu__packets_put(&packets, &out, false, SCU__TCP_PSH | SCU__TCP_ACK, payload, 3);
  assert_int_equal(scu__buffer_result(&out), SCU_OK);
  assert_int_equal(out.length, 40);
  assert_int_equal(scu__packets_headers(&packets), 40);
  const uint8_t *ip = out.data, *tcp = out.data + 20;
  assert_int_equal(ip[0], 0x45);
  assert_int_equal(ip[2] << 8 | ip[3], 43);
  assert_int_equal(ip[9], 6);
  assert_memory_equal(ip + 12, v4.peer, 4); /* received: from them to us */
  assert_memory_equal(ip + 16, v4.local, 4);
  assert_int_equal(folded(sum_of(0, ip, 20)), 0xFFFF);
  assert_int_equal(tcp[0] << 8 | tcp[1], 104);
  assert_int_equal(tcp[2] << 8 | tcp[3], 40112);
  assert_int_equal(tcp[12], 0x50);
  assert_int_equal(tcp[13], 0x18);
  uint32_t sum = sum_of(6 + 23, ip + 12, 8);
  assert_int_equal(folded(sum_of(sum_of(sum, tcp, 20), payload, 3)), 0xFFFF);
  scu__buffer_free(&out);
}

static void test_an_ipv6_packet_is_as_the_rfcs_have_it(void **state) {
  (void)state;
  scu__trace_ends ends = {.is_v6 = true, .local_port = 11112, .peer_port = 1};
  ends.local[0] = 0x20;
  ends.peer[15] = 1;
  scu__packets packets;
  scu__buffer out;
  scu__packets_init(&packets, &ends);
  scu__buffer_init(&out, NULL, 1000);
  scu__packets_put(&packets, &out, true, SCU__TCP_ACK, (const uint8_t *)"four", 4);
  assert_int_equal(out.length, 60);
  const uint8_t *ip = out.data, *tcp = out.data + 40;
  assert_int_equal(ip[0], 0x60);
  assert_int_equal(ip[4] << 8 | ip[5], 24);
  assert_int_equal(ip[6], 6);
  assert_memory_equal(ip + 8, ends.local, 16);
  assert_memory_equal(ip + 24, ends.peer, 16);
  uint32_t sum = sum_of(6 + 24, ip + 8, 32);
  assert_int_equal(folded(sum_of(sum_of(sum, tcp, 20), (const uint8_t *)"four", 4)), 0xFFFF);
  scu__buffer_free(&out);
}

static void check_numbers(scu__packets *packets, bool is_sent, unsigned flags, size_t length, uint32_t sequence,
                          uint32_t acknowledged) {
  static const uint8_t payload[100];
  scu__buffer out;
  scu__buffer_init(&out, NULL, 1000);
  scu__packets_put(packets, &out, is_sent, flags, payload, length);
  assert_int_equal(number_at(out.data + 24), sequence);
  assert_int_equal(number_at(out.data + 28), acknowledged);
  scu__buffer_free(&out);
}

static void test_the_numbers_are_those_of_a_connection_without_loss(void **state) {
  (void)state;
  scu__packets packets;
  scu__packets_init(&packets, &v4);
  check_numbers(&packets, true, SCU__TCP_SYN, 0, 0, 0);
  check_numbers(&packets, false, SCU__TCP_SYN | SCU__TCP_ACK, 0, 0, 1);
  check_numbers(&packets, true, SCU__TCP_ACK, 0, 1, 1);
  check_numbers(&packets, true, SCU__TCP_ACK, 100, 1, 1);
  check_numbers(&packets, true, SCU__TCP_ACK, 7, 101, 1);
  check_numbers(&packets, false, SCU__TCP_ACK, 20, 1, 108);
  check_numbers(&packets, true, SCU__TCP_FIN | SCU__TCP_ACK, 0, 108, 21);
  check_numbers(&packets, false, SCU__TCP_FIN | SCU__TCP_ACK, 0, 21, 109);
  check_numbers(&packets, true, SCU__TCP_ACK, 0, 109, 22);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_an_ipv4_packet_is_as_the_rfcs_have_it),
      cmocka_unit_test(test_an_ipv6_packet_is_as_the_rfcs_have_it),
      cmocka_unit_test(test_the_numbers_are_those_of_a_connection_without_loss),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
