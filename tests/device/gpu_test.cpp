// The public calls on real GPU memory: every algorithm gives the same bits as on the host. Without a GPU the
// tests are skipped with a reason, or fail if PLIANT_NEED_GPU is 1. scripts/gpu runs them, also under
// compute-sanitizer.
#include <cstdlib>
#include <string_view>

#include "kernels/cuda/calls.hpp"
#include "kernels/cuda/nccl_calls.hpp"
#include "tests/api/api_support.hpp"

namespace {

using namespace pliant_test;

constexpr std::size_t kCount = 1'000'003;
constexpr int kSteps = 3;

class Gpu : public testing::Test {
 protected:
  void SetUp() override {
    calls_ = pliant::cuda::calls();
    const std::string missing = what_is_missing();
    if (!missing.empty() && needed()) FAIL() << missing << " (PLIANT_NEED_GPU = 1)";
    if (!missing.empty()) GTEST_SKIP() << missing;
    // Ranks share devices if there are too few; NCCL is not used then.
    ASSERT_EQ(calls_->set_device(rank_of(MPI_COMM_WORLD) % devices_), 0);
    void* memory = nullptr;
    ASSERT_EQ(calls_->malloc(&memory, kCount * sizeof(float)), 0);
    device_ = static_cast<float*>(memory);
  }
  void TearDown() override {
    if (device_ != nullptr) calls_->free(device_);
  }

  void upload(const std::vector<float>& values) const { copy(device_, values.data()); }
  std::vector<float> download() const {
    std::vector<float> values(kCount);
    copy(values.data(), device_);
    return values;
  }
  static bool needed() {
    const char* const value = std::getenv("PLIANT_NEED_GPU");
    return value != nullptr && std::string_view(value) == "1";
  }
  std::string what_is_missing() {
    if (calls_ == nullptr) return "built without CUDA";
    const int code = calls_->get_device_count(&devices_);
    if (code != 0) return std::string("no GPU: ") + calls_->get_error_string(code);
    return devices_ == 0 ? "no GPU" : "";
  }
  /// NCCL refuses two ranks on one GPU, which happens with more ranks than GPUs.
  bool nccl_connects() const {
    return pliant::cuda::nccl_calls() != nullptr && devices_ >= ranks_of(MPI_COMM_WORLD);
  }
  static std::vector<std::string> algorithms(bool exact) {
    std::vector<std::string> names;
    int n = 0;
    Pliant_Algorithm_get_num(&n);
    for (int i = 0; i < n; ++i) {
      Pliant_Entry entry{};
      Pliant_Algorithm_get_info(i, &entry);
      const bool both = entry.memory == PLIANT_HOST_MEMORY + PLIANT_DEVICE_MEMORY;
      if ((entry.exact != 0) == exact && both) names.emplace_back(entry.name);
    }
    return names;
  }

  std::vector<std::vector<float>> steps(const std::string& name, bool on_device) const;

  const pliant::cuda::Calls* calls_ = nullptr;
  int devices_ = 0;
  float* device_ = nullptr;

 private:
  void copy(void* to, const void* from) const {
    ASSERT_EQ(calls_->memcpy_async(to, from, kCount * sizeof(float), nullptr), 0);
    ASSERT_EQ(calls_->stream_synchronize(nullptr), 0);
  }
};

TEST_F(Gpu, EveryExactAlgorithmAndWhatIsChosen) {
  std::vector<std::string> names = algorithms(true);
  names.emplace_back("auto");
  if (nccl_connects()) names.emplace_back("nccl");
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    const FreshComm comm;
    ASSERT_EQ(set(comm, {{"pliant_algorithm", name}}), MPI_SUCCESS);
    const std::vector<float> mine = gradient(comm.rank(), 0, kCount);
    const std::vector<float> sum = exact_sum(mine, comm);
    const auto ranks = static_cast<std::size_t>(comm.ranks());
    // Smaller buffers begin at an odd address. Memory beside them must not change.
    for (const std::size_t count : {std::size_t{0}, std::size_t{1}, ranks - 1, ranks, ranks + 1,
                                    std::size_t{1000}, std::size_t{5001}, kCount - 1}) {
      upload(mine);
      const int code =
          Pliant_Allreduce(MPI_IN_PLACE, device_ + 1, static_cast<int>(count), MPI_FLOAT, MPI_SUM, comm);
      ASSERT_EQ(code, MPI_SUCCESS) << message(code);
      std::vector<float> expected = mine;
      std::copy_n(sum.begin() + 1, count, expected.begin() + 1);
      EXPECT_EQ(download(), expected) << count;
    }
    if (name != "auto") {
      EXPECT_EQ(report_of(comm).algorithm, name);
    }
  }
}

/// Results of a few steps of a request, in host or device memory.
std::vector<std::vector<float>> Gpu::steps(const std::string& name, bool on_device) const {
  std::vector<std::vector<float>> results;
  const FreshComm comm;
  EXPECT_EQ(set(comm, {{"pliant_mode", "topk"}, {"pliant_density", "0.01"}, {"pliant_algorithm", name}}),
            MPI_SUCCESS);
  std::vector<float> values(kCount);
  float* const buffer = on_device ? device_ : values.data();
  Pliant_Request request = PLIANT_REQUEST_NULL;
  EXPECT_EQ(
      Pliant_Allreduce_init(MPI_IN_PLACE, buffer, kCount, MPI_FLOAT, MPI_SUM, comm, MPI_INFO_NULL, &request),
      MPI_SUCCESS);
  for (int step = 0; step < kSteps; ++step) {
    fill_gradient(values, comm.rank(), step);
    if (on_device) upload(values);
    EXPECT_EQ(Pliant_Start(request), MPI_SUCCESS);
    const int code = Pliant_Wait(request);
    EXPECT_EQ(code, MPI_SUCCESS) << message(code);
    EXPECT_EQ(report_of(request).algorithm, name);
    results.push_back(on_device ? download() : values);
  }
  EXPECT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
  return results;
}

TEST_F(Gpu, EveryLossyAlgorithmGivesTheBitsItGivesOnTheHost) {
  for (const std::string& name : algorithms(false)) {
    SCOPED_TRACE(name);
    EXPECT_EQ(steps(name, false), steps(name, true));
  }
}

TEST_F(Gpu, NcclSendsWhatARotatingLeaderSendsByMessages) {
  if (!nccl_connects()) GTEST_SKIP() << "NCCL needs a GPU for each rank";
  EXPECT_EQ(steps("nccl_star", true), steps("star_ring", false));
}

}  // namespace
