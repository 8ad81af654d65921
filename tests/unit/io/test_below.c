/* Files below a folder: names as media have them, and no way out (catalogue F05). */
#define _GNU_SOURCE
#include "cmocka_all.h"

#include "base/alloc.h"
#include "io/below.h"
#include "io/door.h"
#include "io/file.h"
#include "scratch.h"

static char reason[400];

/* The path below `folder` of the scratch folder; "" when there is none. */
static scu_result look(const char *folder, const char *relative, char found[512]) {
  char root[300];
  scu_error error;
  char *path = NULL;
  snprintf(root, sizeof root, "%s/%s", scratch_folder, folder);
  scu__error_clear(&error);
  scu_result result = scu__below_find(root, relative, NULL, &path, &error);
  assert_non_null(path);
  assert_int_equal(strncmp(path, root, strlen(root)), 0);
  snprintf(found, 512, "%s", path + strlen(root) + 1);
  snprintf(reason, sizeof reason, "%s", scu_error_reason(&error));
  assert_int_equal(scu__error_is_set(&error), result < 0);
  scu__source *source = NULL;
  scu_result opened = scu__below_open(path, strlen(root), NULL, &source, NULL);
  assert_int_equal(opened == SCU_OK, result == SCU_OK);
  scu__source_close(source);
  scu__free(NULL, path);
  return result;
}

static void touch(const char *name) {
  write_scratch(name, "x", 1);
}

static void folder(const char *name) {
  assert_int_equal(mkdir(in_scratch(name), 0700), 0);
}

static void test_names_are_found_as_media_have_them(void **state) {
  (void)state;
  static const struct {
    const char *on_disk, *asked;
  } rows[] = {{"IM1", "IM1"},         {"im2", "IM2"},   {"IM3", "im3"},   {"IM4;1", "IM4"},  {"im5;1", "IM5"},
              {"IM6.;1", "IM6"},      {"im7.", "IM7"},  {"IM8", "IM8;1"}, {"im9", "IM9;12"}, {"IMA.DCM;1", "ima.dcm"},
              {"imb.dcm", "IMB.DCM"}, {"Im.C", "Im.C"}, {"imd", "IMD"}};
  char found[512], name[64], asked[64], wanted[64];
  folder("cd");
  folder("cd/DICOM");
  folder("cd/DICOM/s1");
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    snprintf(name, sizeof name, "cd/DICOM/s1/%s", rows[i].on_disk);
    snprintf(asked, sizeof asked, "dicom/S1/%s", rows[i].asked);
    snprintf(wanted, sizeof wanted, "DICOM/s1/%s", rows[i].on_disk);
    touch(name);
    assert_int_equal(look("cd", asked, found), SCU_OK);
    assert_string_equal(found, wanted);
  }
  /* As written comes first. */
  touch("cd/DICOM/s1/im1");
  assert_int_equal(look("cd", "DICOM/s1/im1", found), SCU_OK);
  assert_string_equal(found, "DICOM/s1/im1");
  assert_int_equal(look("cd", "DICOM/s1/IM1", found), SCU_OK);
  assert_string_equal(found, "DICOM/s1/IM1");
}

static void test_what_is_missing_keeps_its_name(void **state) {
  (void)state;
  char found[512];
  folder("cd");
  folder("cd/a");
  assert_int_equal(look("cd", "A/B/C", found), SCU_END);
  assert_string_equal(found, "a/B/C");
  assert_int_equal(look("cd", "X", found), SCU_END);
  assert_string_equal(found, "X");
  assert_int_equal(look("gone", "X/Y", found), SCU_END);
  assert_string_equal(found, "X/Y");
}

static void test_links_are_never_followed(void **state) {
  (void)state;
  char found[512];
  folder("cd");
  folder("cd/real");
  folder("out");
  touch("out/secret");
  touch("cd/real/file");
  assert_int_equal(symlink("../out/secret", in_scratch("cd/LINK")), 0);
  assert_int_equal(symlink("../out", in_scratch("cd/folder")), 0);
  assert_int_equal(symlink("real", in_scratch("cd/inside")), 0); /* not even where it would stay inside */
  assert_int_equal(symlink("self", in_scratch("cd/self")), 0);
  assert_int_equal(look("cd", "LINK", found), SCU_ERROR_STORAGE);
  assert_non_null(strstr(reason, "symbolic link"));
  assert_int_equal(look("cd", "folder/secret", found), SCU_ERROR_STORAGE);
  assert_non_null(strstr(reason, "symbolic link"));
  assert_int_equal(look("cd", "FOLDER/SECRET", found), SCU_ERROR_STORAGE);
  assert_int_equal(look("cd", "inside/file", found), SCU_ERROR_STORAGE);
  assert_int_equal(look("cd", "self", found), SCU_ERROR_STORAGE);
  assert_int_equal(look("cd", "real/file", found), SCU_OK);
  /* The folder itself is the user's word. */
  assert_int_equal(symlink("cd", in_scratch("mounted")), 0);
  assert_int_equal(look("mounted", "real/file", found), SCU_OK);
}

static void test_only_regular_files_are_found(void **state) {
  (void)state;
  char found[512];
  folder("cd");
  folder("cd/a");
  touch("cd/file");
  assert_int_equal(mkfifo(in_scratch("cd/fifo"), 0600), 0);
  assert_int_equal(look("cd", "fifo", found), SCU_ERROR_STORAGE);
  assert_int_equal(look("cd", "a", found), SCU_ERROR_STORAGE);
  assert_int_equal(look("cd", "file/x", found), SCU_ERROR_STORAGE);
}

/* Found as a file, a link when it is opened. */
static void test_what_becomes_a_link_is_not_opened(void **state) {
  (void)state;
  char *path = NULL;
  folder("cd");
  folder("cd/a");
  folder("out");
  touch("cd/a/file");
  touch("out/file");
  char root[300];
  snprintf(root, sizeof root, "%s/cd", scratch_folder);
  assert_int_equal(scu__below_find(root, "a/file", NULL, &path, NULL), SCU_OK);
  scu__source *source = NULL;
  assert_int_equal(rename(in_scratch("cd/a"), in_scratch("cd/b")), 0);
  assert_int_equal(symlink("../out", in_scratch("cd/a")), 0);
  assert_int_equal(scu__below_open(path, strlen(root), NULL, &source, NULL), SCU_ERROR_STORAGE);
  assert_int_equal(unlink(in_scratch("cd/a")), 0);
  assert_int_equal(rename(in_scratch("cd/b"), in_scratch("cd/a")), 0);
  assert_int_equal(unlink(in_scratch("cd/a/file")), 0);
  assert_int_equal(symlink("../../out/file", in_scratch("cd/a/file")), 0);
  assert_int_equal(scu__below_open(path, strlen(root), NULL, &source, NULL), SCU_ERROR_STORAGE);
  assert_null(source);
  scu__free(NULL, path);
}

static void test_a_path_with_dots_is_not_opened_even_if_somebody_asks(void **state) {
  (void)state;
  folder("cd");
  touch("secret");
  char path[300];
  snprintf(path, sizeof path, "%s/cd/../secret", scratch_folder);
  scu__source *source = NULL;
  assert_int_equal(scu__below_open(path, strlen(path) - strlen("/../secret"), NULL, &source, NULL), SCU_ERROR_STORAGE);
  assert_null(source);
}

#define SCRATCH_TEST(function) cmocka_unit_test_setup_teardown(function, scratch_setup, scratch_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      SCRATCH_TEST(test_names_are_found_as_media_have_them),
      SCRATCH_TEST(test_what_is_missing_keeps_its_name),
      SCRATCH_TEST(test_links_are_never_followed),
      SCRATCH_TEST(test_only_regular_files_are_found),
      SCRATCH_TEST(test_what_becomes_a_link_is_not_opened),
      SCRATCH_TEST(test_a_path_with_dots_is_not_opened_even_if_somebody_asks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
