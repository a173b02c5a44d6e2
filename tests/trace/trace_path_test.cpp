// The patterns of PLIANT_TRACE, and alternative names.
#include "trace/trace_path.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "core/error.hpp"
#include "trace/file_claim.hpp"

namespace pliant {
namespace {

const TracePathValues kValues{
    .job = "4711", .host = "node-7", .process = "12", .rank = "0", .time = "20310506T070809Z"};

std::string path_of(const std::string& pattern, const TracePathValues& values = kValues) {
  return trace_path(pattern, values).path;
}

std::string refusal_of(const std::string& pattern) {
  try {
    trace_path(pattern, kValues);
  } catch (const Error& error) {
    EXPECT_EQ(error.error_class(), ErrorClass::info_value);
    return error.what();
  }
  ADD_FAILURE() << pattern << " is taken";
  return {};
}

TEST(TracePath, TakesValuesInPlaceOfPatterns) {
  EXPECT_EQ(path_of("a/trace.h5"), "a/trace.h5");
  EXPECT_EQ(path_of(""), "");
  EXPECT_EQ(path_of("%j/%h-%p-%r-%t.h5"), "4711/node-7-12-0-20310506T070809Z.h5");
  EXPECT_EQ(path_of("%j%j"), "47114711");
  EXPECT_EQ(path_of("100%%.h5"), "100%.h5");
  EXPECT_EQ(path_of("%%j"), "%j");
}

TEST(TracePath, TakesTheProcessForAJobWithoutNumber) {
  TracePathValues values = kValues;
  values.job.clear();
  EXPECT_EQ(path_of("%j.h5", values), "12.h5");
  EXPECT_TRUE(trace_path("%j", values).names_process);
  EXPECT_FALSE(trace_path("%j", kValues).names_process);
  EXPECT_TRUE(trace_path("%h-%p", kValues).names_process);
  EXPECT_FALSE(trace_path("%h-%%p", kValues).names_process);
}

TEST(TracePath, MakesNoFolderOfAValue) {
  TracePathValues values = kValues;
  values.job = "../1[2].server";
  EXPECT_EQ(path_of("/t/%j.h5", values), "/t/.._1[2].server.h5");
}

TEST(TracePath, RefusesAnUnknownPattern) {
  EXPECT_EQ(
      refusal_of("a%q.h5"),
      "PLIANT_TRACE = a%q.h5 (% must be followed by j (job), h (host), p (process), r (rank), t (time) or "
      "%). Write %% for a percent sign");
  for (const char* pattern : {"%", "a%", "%%%", "%J", "% j", "%5p"})
    EXPECT_NE(refusal_of(pattern), "") << pattern;
}

TEST(TracePath, FindsTheJobOfTheBatchSystem) {
  RunInfo info;
  info.start_date = "2031-05-06T07:08:09Z";
  info.host = "node-7";
  info.rank = 3;
  for (const char* name : {"SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID", "FLUX_JOB_ID", "COBALT_JOBID",
                           "OAR_JOB_ID", "PJM_JOBID"})
    unsetenv(name);
  EXPECT_EQ(trace_path_values(info).job, "");
  setenv("LSB_JOBID", "17", 1);
  setenv("PBS_JOBID", "", 1);
  EXPECT_EQ(trace_path_values(info).job, "17") << "an empty variable says nothing";
  setenv("SLURM_JOB_ID", "18", 1);
  const TracePathValues values = trace_path_values(info);
  EXPECT_EQ(values.job, "18") << "Slurm's comes first";
  EXPECT_EQ(values.host, "node-7");
  EXPECT_EQ(values.process, std::to_string(getpid()));
  EXPECT_EQ(values.rank, "3");
  EXPECT_EQ(values.time, "20310506T070809Z");
}

TEST(NumberedPath, StandsBeforeTheExtension) {
  EXPECT_EQ(numbered_path("a.b/trace.h5", 0), "a.b/trace.h5");
  EXPECT_EQ(numbered_path("a.b/trace.h5", 1), "a.b/trace-1.h5");
  EXPECT_EQ(numbered_path("a.b/trace", 12), "a.b/trace-12");
  EXPECT_EQ(numbered_path("trace.old.h5", 2), "trace.old-2.h5");
  EXPECT_EQ(numbered_path(".trace", 2), ".trace-2");
}

}  // namespace
}  // namespace pliant
