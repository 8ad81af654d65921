/* Makes a small image in memory and sends it, without any file. Usage: store_memory AET@host:port PATIENT_ID */
#include <scu/scu.h>
#include <stdio.h>
#include <time.h>

enum { SIDE = 64 };

/* A Secondary Capture image: a grey ramp. New UIDs would come from the application's own root (PS3.5 9, B.2). */
static scu_result fill(scu_dataset *dataset, const char *patient_id) {
  static const char *const values[][2] = {
      {"SOPClassUID", "1.2.840.10008.5.1.4.1.1.7"},
      {"Modality", "OT"},
      {"ConversionType", "SYN"},
      {"PatientName", "Example^Ramp"},
      {"StudyID", "1"},
      {"SeriesNumber", "1"},
      {"InstanceNumber", "1"},
      {"SamplesPerPixel", "1"},
      {"PhotometricInterpretation", "MONOCHROME2"},
      {"Rows", "64"},
      {"Columns", "64"},
      {"BitsAllocated", "8"},
      {"BitsStored", "8"},
      {"HighBit", "7"},
      {"PixelRepresentation", "0"},
  };
  static const char *const uids[] = {"StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"};
  static unsigned char pixels[SIDE * SIDE];
  scu_result result = scu_dataset_set_text(dataset, "PatientID", patient_id);
  for (size_t i = 0; i < sizeof values / sizeof *values && result == SCU_OK; i++)
    result = scu_dataset_set_text(dataset, values[i][0], values[i][1]);
  for (int i = 0; i < 3 && result == SCU_OK; i++) {
    char uid[65];
    snprintf(uid, sizeof uid, "1.2.826.0.1.3680043.9.9999.%lld.%d", (long long)time(NULL), i + 1);
    result = scu_dataset_set_text(dataset, uids[i], uid);
  }
  for (int i = 0; i < SIDE * SIDE; i++) pixels[i] = (unsigned char)(i % SIDE * 4);
  if (result == SCU_OK) result = scu_dataset_set_bytes(dataset, 0x7FE00010, SCU_VR_OB, pixels, sizeof pixels);
  return result;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: store_memory AET@host:port PATIENT_ID\n");
    return 2;
  }
  scu_session *session = NULL;
  scu_dataset *dataset = NULL;
  scu_source *source = NULL;
  scu_store_report *report = NULL;

  scu_result result = scu_session_new(&session, NULL, argv[1]);
  if (result == SCU_OK) result = scu_dataset_new(NULL, &dataset);
  if (result == SCU_OK) result = fill(dataset, argv[2]);
  if (result == SCU_OK) result = scu_source_new(NULL, &source);
  if (result == SCU_OK) result = scu_source_add_dataset(source, dataset, NULL);
  if (result != SCU_OK && source) fprintf(stderr, "%s\n", scu_error_reason(scu_source_error(source)));
  if (result == SCU_OK) result = scu_store(session, source, &report);
  if (result != SCU_OK && session) fprintf(stderr, "%s\n", scu_error_reason(scu_session_error(session)));

  uint64_t stored = report ? scu_store_report_count(report, SCU_OUTCOME_OK) : 0;
  printf("%llu stored\n", (unsigned long long)stored);
  scu_store_report_free(report);
  scu_source_free(source);
  scu_dataset_free(dataset);
  scu_session_free(session);
  return stored == 1 ? 0 : 1;
}
