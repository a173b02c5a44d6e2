// Blocking calls on communicators with top-k: conservation, equal bits, refusals, and the bound on residuals.
#include <cmath>
#include <memory>
#include <numeric>

#include "tests/api/api_support.hpp"

namespace {

using namespace pliant_test;

constexpr int kCount = 6007;

TEST(Lossy, NothingOfTheGradientIsEverLost) {
  for (const std::string& name : lossy_algorithms()) {
    for (const char* feedback : {"ef14", "ef21"}) {
      const FreshComm comm;
      ASSERT_EQ(set(comm, {{"pliant_mode", "topk"},
                           {"pliant_density", "0.02"},
                           {"pliant_min_bytes", "0"},
                           {"pliant_error_feedback", feedback},
                           {"pliant_algorithm", name}}),
                MPI_SUCCESS);
      Pliant_Request request = PLIANT_REQUEST_NULL;
      std::vector<float> send(kCount);
      std::vector<float> result(kCount);
      ASSERT_EQ(Pliant_Allreduce_init(send.data(), result.data(), kCount, MPI_FLOAT, MPI_SUM, comm,
                                      MPI_INFO_NULL, &request),
                MPI_SUCCESS);
      std::vector<float> expected(kCount, 0.0F);
      std::vector<float> received(kCount, 0.0F);
      const bool ef21 = std::string(feedback) == "ef21";
      for (int step = 0; step < 4; ++step) {
        fill_gradient(send, comm.rank(), step);
        const std::vector<float> sum = exact_sum(send, comm);
        Pliant_Start(request);
        ASSERT_EQ(Pliant_Wait(request), MPI_SUCCESS);
        EXPECT_TRUE(same_bits(result, comm)) << name;
        const Pliant_Report report = report_of(request);
        EXPECT_EQ(name, report.algorithm);
        EXPECT_EQ(report.kept, 120);
        EXPECT_EQ(report.exact, 0);
        // Results of ef14 add up to the gradients. A result of ef21 stands for the last gradient alone.
        for (std::size_t i = 0; i < sum.size(); ++i) {
          expected[i] = ef21 ? sum[i] : expected[i] + sum[i];
          received[i] = ef21 ? 0 : received[i] + result[i];
        }
      }
      std::vector<float> last = result;
      ASSERT_EQ(Pliant_Request_flush(request), MPI_SUCCESS);
      for (std::size_t i = 0; i < last.size(); ++i) received[i] += ef21 ? result[i] : result[i] - last[i];
      EXPECT_EQ(received, expected) << name << " " << feedback;
      ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
    }
  }
}

std::vector<std::string> codecs(int (*get_num)(int*), int (*get_info)(int, Pliant_Entry*)) {
  std::vector<std::string> names;
  int n = 0;
  get_num(&n);
  for (int i = 0; i < n; ++i) {
    Pliant_Entry entry{};
    get_info(i, &entry);
    names.emplace_back(entry.name);
  }
  return names;
}

/// Runs steps under these codecs and a flush. Returns the sum of all results.
std::vector<float> sum_of_results(const FreshComm& comm, const std::string& indices,
                                  const std::string& values, std::int64_t* wire_bytes) {
  EXPECT_EQ(set(comm, {{"pliant_mode", "topk"},
                       {"pliant_density", "0.02"},
                       {"pliant_min_bytes", "0"},
                       {"pliant_algorithm", "allgather_topk"},
                       {"pliant_index_codec", indices},
                       {"pliant_value_codec", values}}),
            MPI_SUCCESS);
  std::vector<float> buffer(kCount);
  std::vector<float> sums(kCount, 0.0F);
  Pliant_Request request = PLIANT_REQUEST_NULL;
  Pliant_Allreduce_init(MPI_IN_PLACE, buffer.data(), kCount, MPI_FLOAT, MPI_SUM, comm, MPI_INFO_NULL,
                        &request);
  const auto add = [&] {
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += buffer[i];
  };
  for (int step = 0; step < 4; ++step) {
    fill_gradient(buffer, comm.rank(), step);
    Pliant_Start(request);
    EXPECT_EQ(Pliant_Wait(request), MPI_SUCCESS);
    EXPECT_TRUE(same_bits(buffer, comm));
    const Pliant_Report report = report_of(request);
    EXPECT_EQ(report.kept, 120);
    EXPECT_GT(report.gain, 0);
    EXPECT_LE(report.gain, 1);
    *wire_bytes = report.wire_bytes;
    add();
  }
  std::fill(buffer.begin(), buffer.end(), 0.0F);
  EXPECT_EQ(Pliant_Request_flush(request), MPI_SUCCESS);
  add();
  Pliant_Request_free(&request);
  return sums;
}

TEST(Lossy, NoCodecLosesAnything) {
  std::vector<float> expected(kCount, 0.0F);
  const FreshComm world;
  for (int step = 0; step < 4; ++step) {
    std::vector<float> send(kCount);
    fill_gradient(send, world.rank(), step);
    const std::vector<float> sum = exact_sum(send, world);
    for (std::size_t i = 0; i < sum.size(); ++i) expected[i] += sum[i];
  }
  std::int64_t raw_bytes = 0;
  sum_of_results(FreshComm(), "raw", "float32", &raw_bytes);
  std::vector<std::string> indices = codecs(Pliant_Index_codec_get_num, Pliant_Index_codec_get_info);
  indices.emplace_back("auto");
  for (const std::string& index : indices)
    for (const std::string& value : codecs(Pliant_Value_codec_get_num, Pliant_Value_codec_get_info)) {
      SCOPED_TRACE(index + ", " + value);
      std::int64_t wire_bytes = 0;
      EXPECT_EQ(sum_of_results(FreshComm(), index, value, &wire_bytes), expected);
      if (world.ranks() > 1 && value == "int8" && index == "rice") {
        EXPECT_LT(wire_bytes, raw_bytes / 2);
      }
    }
}

TEST(Lossy, RefusesCodecsThatDoNotExist) {
  const FreshComm comm;
  EXPECT_NE(set(comm, {{"pliant_index_codec", "zip"}}), MPI_SUCCESS);
  EXPECT_NE(set(comm, {{"pliant_value_codec", "auto"}}), MPI_SUCCESS);
}

TEST(Lossy, BlockingCallsKeepTheirResidualByBufferAndCount) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_mode", "topk"},
                       {"pliant_density", "0.5"},
                       {"pliant_min_bytes", "0"},
                       {"pliant_algorithm", "allgather_topk"}}),
            MPI_SUCCESS);
  const std::vector<float> mine = {4, -3, 2, 1};
  std::vector<float> result(4);
  const auto ranks = static_cast<float>(comm.ranks());
  ASSERT_EQ(Pliant_Allreduce(mine.data(), result.data(), 4, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  EXPECT_EQ(result, (std::vector<float>{4 * ranks, -3 * ranks, 0, 0}));
  ASSERT_EQ(Pliant_Allreduce(mine.data(), result.data(), 4, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  EXPECT_EQ(result, (std::vector<float>{4 * ranks, 0, 4 * ranks, 0}))
      << "4 -3 4 2: ties go to the lowest index";
  ASSERT_EQ(Pliant_Allreduce(mine.data(), result.data(), 4, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  EXPECT_EQ(result, (std::vector<float>{4 * ranks, -6 * ranks, 0, 0})) << "4 -6 2 3";
}

TEST(Lossy, OnlyFloatSumsLoseAnything) {
  const FreshComm comm;
  ASSERT_EQ(
      set(comm, {{"pliant_mode", "topk"}, {"pliant_min_bytes", "0"}, {"pliant_algorithm", "star_tree"}}),
      MPI_SUCCESS);
  std::vector<double> doubles(500, 1.0);
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, doubles.data(), 500, MPI_DOUBLE, MPI_SUM, comm), MPI_SUCCESS);
  EXPECT_EQ(doubles, std::vector<double>(500, comm.ranks()));
  std::vector<float> floats(500, 2.0F);
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, floats.data(), 500, MPI_FLOAT, MPI_MAX, comm), MPI_SUCCESS);
  EXPECT_EQ(floats, std::vector<float>(500, 2.0F));
  EXPECT_EQ(report_of(comm).exact, 1);
}

TEST(Lossy, ShortMessagesStayExact) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_mode", "topk"}, {"pliant_algorithm", "allgather_topk"}}), MPI_SUCCESS);
  std::vector<float> values(4095, 1.0F);
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 4095, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  EXPECT_EQ(report_of(comm).exact, 1);
  values.assign(4096, 1.0F);
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 4096, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  EXPECT_EQ(report_of(comm).exact, 0);
  EXPECT_EQ(report_of(comm).kept, 41);
}

TEST(Lossy, DenseCompetesAndTheReportSaysWhyCompressionWasRefused) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_mode", "topk"}, {"pliant_min_bytes", "0"}, {"pliant_density", "0.9"}}),
            MPI_SUCCESS);
  std::vector<float> values = gradient(comm.rank(), 0, 50000);
  const std::vector<float> expected = exact_sum(values, comm);
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 50000, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  const Pliant_Report report = report_of(comm);
  EXPECT_EQ(report.exact, 1)
      << "90 % of the elements with their indices are more bytes than all of them without";
  EXPECT_EQ(report.density, 1);
  EXPECT_NE(std::string(report.reason).find("compression refused: dense " + std::string(report.algorithm)),
            std::string::npos)
      << report.reason;
  EXPECT_EQ(values, expected);
}

TEST(Lossy, RefusedCallsSendTheResidualToo) {
  const FreshComm comm;
  const auto use = [&](const char* algorithm) {
    return set(comm, {{"pliant_mode", "topk"}, {"pliant_min_bytes", "0"}, {"pliant_algorithm", algorithm}});
  };
  ASSERT_EQ(use("star_ring"), MPI_SUCCESS);
  std::vector<float> send = gradient(comm.rank(), 0, kCount);
  std::vector<float> result(kCount);
  std::vector<float> expected = exact_sum(send, comm);
  ASSERT_EQ(Pliant_Allreduce(send.data(), result.data(), kCount, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  std::vector<float> received = result;
  ASSERT_EQ(use("ring,var_ring"), MPI_SUCCESS);
  ASSERT_EQ(set(comm, {{"pliant_density", "1"}}), MPI_SUCCESS);
  fill_gradient(send, comm.rank(), 1);
  const std::vector<float> sum = exact_sum(send, comm);
  ASSERT_EQ(Pliant_Allreduce(send.data(), result.data(), kCount, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  EXPECT_STREQ(report_of(comm).algorithm, "ring");
  for (std::size_t i = 0; i < sum.size(); ++i) {
    expected[i] += sum[i];
    received[i] += result[i];
  }
  EXPECT_EQ(received, expected);
}

TEST(Lossy, TooManyBlockingTensorsStayExact) {
  const FreshComm comm;
  ASSERT_EQ(
      set(comm, {{"pliant_mode", "topk"}, {"pliant_min_bytes", "0"}, {"pliant_algorithm", "allgather_topk"}}),
      MPI_SUCCESS);
  std::vector<std::unique_ptr<std::vector<float>>> buffers;
  int lossy = 0;
  for (int i = 0; i < 70; ++i) {
    buffers.push_back(std::make_unique<std::vector<float>>(gradient(comm.rank(), i, 300)));
    const std::vector<float> expected = exact_sum(*buffers.back(), comm);
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, buffers.back()->data(), 300, MPI_FLOAT, MPI_SUM, comm),
              MPI_SUCCESS);
    if (report_of(comm).exact == 0) {
      ++lossy;
    } else {
      EXPECT_EQ(*buffers.back(), expected);
    }
  }
  EXPECT_EQ(lossy, 64);
}

TEST(Lossy, RanksWhoseBuffersMoveDecideAlike) {
  const FreshComm comm;
  ASSERT_EQ(
      set(comm, {{"pliant_mode", "topk"}, {"pliant_min_bytes", "0"}, {"pliant_algorithm", "star_tree"}}),
      MPI_SUCCESS);
  // Rank 0 reuses one buffer. The others take a new one each time, so they run out of residuals first.
  std::vector<std::unique_ptr<std::vector<float>>> buffers;
  for (int i = 0; i < 70; ++i) {
    if (comm.rank() != 0 || buffers.empty()) buffers.push_back(std::make_unique<std::vector<float>>(300));
    fill_gradient(*buffers.back(), comm.rank(), i);
    ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, buffers.back()->data(), 300, MPI_FLOAT, MPI_SUM, comm),
              MPI_SUCCESS);
    EXPECT_TRUE(same_bits(*buffers.back(), comm));
    int exact = report_of(comm).exact;
    int most = 0;
    MPI_Allreduce(&exact, &most, 1, MPI_INT, MPI_MAX, comm);
    EXPECT_EQ(exact, most);
  }
}

TEST(Lossy, MinGainSendsEverythingWhereTheSelectionHoldsTooLittle) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_mode", "topk"},
                       {"pliant_min_bytes", "0"},
                       {"pliant_density", "0.01"},
                       {"pliant_min_gain", "0.5"},
                       {"pliant_algorithm", "allgather_topk"}}),
            MPI_SUCCESS);
  std::vector<float> flat(1000, 1.0F);
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, flat.data(), 1000, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  EXPECT_EQ(report_of(comm).exact, 1) << "1 % of equal elements hold 1 % of the energy";
  EXPECT_NE(std::string(report_of(comm).reason).find("pliant_min_gain"), std::string::npos);
  EXPECT_EQ(flat, std::vector<float>(1000, static_cast<float>(comm.ranks())));
  std::vector<float> peaked(1000, 0.001F);
  peaked[17] = 100;
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, peaked.data(), 1000, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  EXPECT_EQ(report_of(comm).exact, 0);
  EXPECT_GE(report_of(comm).gain, 0.5);
}

TEST(Lossy, NonfiniteElementsAreSentFirstAndReported) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_mode", "topk"},
                       {"pliant_min_bytes", "0"},
                       {"pliant_density", "0.01"},
                       {"pliant_algorithm", "allgather_topk"}}),
            MPI_SUCCESS);
  std::vector<float> values(1000, 1e30F);
  values[500] = NAN;
  values[700] = -INFINITY;
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 1000, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  EXPECT_EQ(report_of(comm).nonfinite, 2);
  EXPECT_TRUE(std::isnan(values[500]));
  EXPECT_EQ(values[700], -INFINITY);
  values.assign(1000, 1.0F);
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 1000, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  EXPECT_EQ(report_of(comm).nonfinite, 0) << "they did not stay in the residual";
}

TEST(Lossy, NonfiniteElementsAreSaidByTheRankThatHasThem) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_mode", "topk"},
                       {"pliant_min_bytes", "0"},
                       {"pliant_density", "0.01"},
                       {"pliant_algorithm", "allgather_topk"}}),
            MPI_SUCCESS);
  const bool mine = comm.rank() == comm.ranks() - 1;
  std::vector<float> values(1000, 1.0F);
  if (mine) values[3] = INFINITY;
  testing::internal::CaptureStderr();
  ASSERT_EQ(Pliant_Allreduce(MPI_IN_PLACE, values.data(), 1000, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(said.find("1 NaN or infinite elements") != std::string::npos, mine) << said;
  EXPECT_EQ(report_of(comm).nonfinite, mine ? 1 : 0);
  EXPECT_EQ(values[3], INFINITY);
}

TEST(Lossy, WithoutErrorFeedbackWhatIsNotSentIsGone) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_mode", "topk"},
                       {"pliant_min_bytes", "0"},
                       {"pliant_density", "0.25"},
                       {"pliant_error_feedback", "none"},
                       {"pliant_algorithm", "allgather_topk"}}),
            MPI_SUCCESS);
  const std::vector<float> mine = {4, -3, 2, 1};
  std::vector<float> result(4);
  for (int step = 0; step < 3; ++step) {
    ASSERT_EQ(Pliant_Allreduce(mine.data(), result.data(), 4, MPI_FLOAT, MPI_SUM, comm), MPI_SUCCESS);
    EXPECT_EQ(result, (std::vector<float>{4.0F * static_cast<float>(comm.ranks()), 0, 0, 0}));
  }
}

}  // namespace
