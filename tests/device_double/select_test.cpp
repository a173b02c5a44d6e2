// The library's selection on the double, used as in the library: data by copies, norms on a stream of their
// own behind an event, the answer by a query. Under every schedule the answer is the oracle's, and nothing is
// written out of bounds.
#include <random>
#include <vector>

#include "kernels/cuda/device_topk.hpp"
#include "tests/kernels/selection.hpp"
#include "tests/support/device_double/fixture.hpp"

namespace pliant::test {
namespace {

constexpr std::int64_t kCount = 10'000, kKept = 300;

Problem<float> normal_problem(std::uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(kCount);
  for (float& value : values) value = normal(random);
  return halves(values);
}

class DeviceSelect : public DeviceTest {
 protected:
  template <class T>
  T* device(std::size_t count) {
    void* memory = nullptr;
    EXPECT_EQ(cuda().malloc(&memory, count * sizeof(T)), 0);
    memory_.push_back(memory);
    return static_cast<T*>(memory);
  }
  template <class T>
  T* uploaded(const std::vector<T>& values) {
    T* const memory = device_double().upload(values);
    memory_.push_back(memory);
    return memory;
  }
  void TearDown() override {
    for (void* memory : memory_) EXPECT_EQ(cuda().free(memory), 0);
    DeviceTest::TearDown();
  }

  std::vector<void*> memory_;
};

TEST_F(DeviceSelect, IsTheOraclesUnderEverySchedule) {
  cuda::Launcher launcher;
  ASSERT_EQ(cuda::make_launcher(cuda(), launcher), 0);
  cuda::Stream picks = nullptr, norms = nullptr;
  cuda::Event picked = nullptr, done = nullptr;
  for (cuda::Stream* stream : {&picks, &norms}) ASSERT_EQ(cuda().stream_create(stream), 0);
  for (cuda::Event* event : {&picked, &done}) ASSERT_EQ(cuda().event_create(event), 0);
  const std::size_t bytes = cuda::divide_memory(nullptr, kCount, kKept).bytes;
  const cuda::SelectMemory memory = cuda::divide_memory(device<std::byte>(bytes), kCount, kKept);
  ASSERT_EQ(cuda::enqueue_reset(launcher, memory, picks), 0);
  for (std::uint32_t seed = 0; seed < 6; ++seed) {
    device_double().set_schedule(seed == 0 ? eager() : seed == 1 ? lazy() : random_order(seed));
    const Problem<float> problem = normal_problem(seed);
    cuda::SelectTask task{.residual = uploaded(problem.residual), .gradient = uploaded(problem.gradient)};
    task.count = kCount;
    task.kept = kKept;
    task.indices = device<std::uint32_t>(kKept);
    task.values = device<float>(kKept);
    ASSERT_EQ(cuda::enqueue_select(launcher, memory, task, picks), 0);
    ASSERT_EQ(cuda().event_record(picked, picks), 0);
    ASSERT_EQ(cuda().stream_wait_event(norms, picked), 0);
    ASSERT_EQ(cuda::enqueue_select_norms(launcher, memory, task, norms), 0);
    ASSERT_EQ(cuda().event_record(done, norms), 0);
    int code = cuda().not_ready;
    while (code == cuda().not_ready) code = cuda().event_query(done);
    ASSERT_EQ(code, 0);
    const auto found = device_double().download(memory.selection, 1)[0];
    const Answer<float> answer{
        device_double().download(task.indices, kKept),
        device_double().download(task.values, kKept),
        device_double().download(task.residual, kCount),
        {found.sent_squared, found.total_squared, static_cast<std::int64_t>(found.nonfinite)}};
    EXPECT_EQ(difference(answer, right_answer(problem.fed(), kKept, /*take=*/true)), "") << "seed " << seed;
  }
  for (cuda::Stream stream : {picks, norms}) EXPECT_EQ(cuda().stream_destroy(stream), 0);
  for (cuda::Event event : {picked, done}) EXPECT_EQ(cuda().event_destroy(event), 0);
}

}  // namespace
}  // namespace pliant::test
