// The public calls on a real GPU's memory: every algorithm gives the bits that it gives on the host. Skipped,
// with the reason, where there is none. scripts/gpu runs it, compute-sanitizer beneath.
#include "kernels/cuda/calls.hpp"
#include "tests/api/api_support.hpp"

namespace {

using namespace pliant_test;

constexpr std::size_t kCount = 1'000'003;
constexpr int kSteps = 3;

class Gpu : public testing::Test {
 protected:
  void SetUp() override {
    calls_ = pliant::cuda::calls();
    if (calls_ == nullptr) GTEST_SKIP() << "built without CUDA";
    int devices = 0;
    const int code = calls_->get_device_count(&devices);
    if (code != 0) GTEST_SKIP() << "no GPU: " << calls_->get_error_string(code);
    if (devices == 0) GTEST_SKIP() << "no GPU";
    // Ranks share devices where they must: NCCL is then done without.
    ASSERT_EQ(calls_->set_device(rank_of(MPI_COMM_WORLD) % devices), 0);
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

  const pliant::cuda::Calls* calls_ = nullptr;
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
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    const FreshComm comm;
    ASSERT_EQ(set(comm, {{"pliant_algorithm", name}}), MPI_SUCCESS);
    const std::vector<float> mine = gradient(comm.rank(), 0, kCount);
    const std::vector<float> sum = exact_sum(mine, comm);
    const auto ranks = static_cast<std::size_t>(comm.ranks());
    // Shorter ones begin at an odd address; what is beside them stays.
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
  }
}

TEST_F(Gpu, EveryLossyAlgorithmGivesTheBitsItGivesOnTheHost) {
  for (const std::string& name : algorithms(false)) {
    SCOPED_TRACE(name);
    std::vector<std::vector<float>> results[2];
    for (const bool on_device : {false, true}) {
      const FreshComm comm;
      ASSERT_EQ(set(comm, {{"pliant_mode", "topk"}, {"pliant_density", "0.01"}, {"pliant_algorithm", name}}),
                MPI_SUCCESS);
      std::vector<float> values(kCount);
      float* const buffer = on_device ? device_ : values.data();
      Pliant_Request request = PLIANT_REQUEST_NULL;
      ASSERT_EQ(Pliant_Allreduce_init(MPI_IN_PLACE, buffer, kCount, MPI_FLOAT, MPI_SUM, comm, MPI_INFO_NULL,
                                      &request),
                MPI_SUCCESS);
      for (int step = 0; step < kSteps; ++step) {
        fill_gradient(values, comm.rank(), step);
        if (on_device) upload(values);
        ASSERT_EQ(Pliant_Start(request), MPI_SUCCESS);
        const int code = Pliant_Wait(request);
        ASSERT_EQ(code, MPI_SUCCESS) << message(code);
        results[on_device ? 1 : 0].push_back(on_device ? download() : values);
      }
      ASSERT_EQ(Pliant_Request_free(&request), MPI_SUCCESS);
    }
    EXPECT_EQ(results[0], results[1]);
  }
}

}  // namespace
