// Order within and across streams. Order that CUDA promises holds under every schedule. Any other assumption
// fails under some schedule.
#include <numeric>
#include <vector>

#include "tests/support/device_double/fixture.hpp"

namespace pliant::test {
namespace {

using Schedules = std::vector<Schedule>;

Schedules all_schedules() {
  Schedules schedules{eager(), lazy(), lazy(3)};
  for (std::uint32_t seed = 0; seed < 50; ++seed) schedules.push_back(random_order(seed));
  return schedules;
}

/// Two streams, an event, pinned and device memory of one int each.
class Streams : public DeviceTest {
 protected:
  void SetUp() override { begin(lazy()); }
  void TearDown() override {
    end();
    DeviceTest::TearDown();
  }

  void begin(Schedule schedule) {
    device_double().reset({.schedule = schedule});
    for (cuda::Stream& stream : streams_) ASSERT_EQ(cuda().stream_create(&stream), 0);
    ASSERT_EQ(cuda().event_create(&event_), 0);
    ASSERT_EQ(cuda().malloc(&device_, sizeof(int)), 0);
    void* pinned = nullptr;
    ASSERT_EQ(cuda().malloc_host(&pinned, 2 * sizeof(int)), 0);
    pinned_ = static_cast<int*>(pinned);
    pinned_[0] = 17;
    pinned_[1] = 0;
  }
  void end() {
    EXPECT_EQ(cuda().event_destroy(event_), 0);
    for (cuda::Stream stream : streams_) EXPECT_EQ(cuda().stream_destroy(stream), 0);
    EXPECT_EQ(cuda().free(device_), 0);
    EXPECT_EQ(cuda().free_host(pinned_), 0);
    EXPECT_EQ(device_double().leaks(), "");
  }
  void again(Schedule schedule) {
    end();
    begin(schedule);
  }
  void copy(void* to, const void* from, int stream) {
    EXPECT_EQ(cuda().memcpy_async(to, from, sizeof(int), streams_[stream]), 0);
  }

  cuda::Stream streams_[2] = {};
  cuda::Event event_ = nullptr;
  void* device_ = nullptr;
  int* pinned_ = nullptr;
};

TEST_F(Streams, AStreamKeepsOrder) {
  for (const Schedule schedule : all_schedules()) {
    again(schedule);
    EXPECT_EQ(cuda().memset_async(device_, 1, sizeof(int), streams_[0]), 0);
    copy(device_, &pinned_[0], 0);
    copy(&pinned_[1], device_, 0);
    EXPECT_EQ(cuda().memset_async(device_, 0, sizeof(int), streams_[0]), 0);
    ASSERT_EQ(cuda().stream_synchronize(streams_[0]), 0);
    EXPECT_EQ(pinned_[1], 17);
  }
}

TEST_F(Streams, WithTheEventTheOtherStreamSeesTheData) {
  for (const Schedule schedule : all_schedules()) {
    again(schedule);
    copy(device_, &pinned_[0], 0);
    EXPECT_EQ(cuda().event_record(event_, streams_[0]), 0);
    EXPECT_EQ(cuda().stream_wait_event(streams_[1], event_), 0);
    copy(&pinned_[1], device_, 1);
    ASSERT_EQ(cuda().stream_synchronize(streams_[1]), 0);
    EXPECT_EQ(pinned_[1], 17);
  }
}

TEST_F(Streams, WithoutItSomeScheduleShowsGarbage) {
  int wrong = 0, right = 0;
  for (const Schedule schedule : all_schedules()) {
    again(schedule);
    copy(device_, &pinned_[0], 0);
    copy(&pinned_[1], device_, 1);
    ASSERT_EQ(cuda().stream_synchronize(streams_[1]), 0);
    ++(pinned_[1] == 17 ? right : wrong);
    EXPECT_TRUE(schedule.kind != Schedule::Kind::lazy || pinned_[1] == -1)
        << "lazy: nobody looked at stream 0";
  }
  EXPECT_GT(wrong, 5);
  EXPECT_GT(right, 5);
}

TEST_F(Streams, TheDefaultStreamIsOrderedByEventsOnly) {
  copy(device_, &pinned_[0], 0);
  EXPECT_EQ(cuda().memcpy_async(&pinned_[1], device_, sizeof(int), nullptr), 0);
  ASSERT_EQ(cuda().stream_synchronize(nullptr), 0);
  EXPECT_EQ(pinned_[1], -1);
  EXPECT_EQ(cuda().event_record(event_, streams_[0]), 0);
  EXPECT_EQ(cuda().stream_wait_event(nullptr, event_), 0);
  EXPECT_EQ(cuda().memcpy_async(&pinned_[1], device_, sizeof(int), nullptr), 0);
  ASSERT_EQ(cuda().stream_synchronize(nullptr), 0);
  EXPECT_EQ(pinned_[1], 17);
}

TEST_F(Streams, WhoReadsTooEarlyReadsTheOldAndWhoWritesTooEarlyIsRead) {
  copy(device_, &pinned_[0], 0);
  copy(&pinned_[1], device_, 0);
  EXPECT_EQ(pinned_[1], 0) << "nothing has run";
  pinned_[0] = 18;  // before the copy out of it is done
  ASSERT_EQ(cuda().stream_synchronize(streams_[0]), 0);
  EXPECT_EQ(pinned_[1], 18);
}

TEST_F(Streams, AQueryMakesProgressOneOperationAtATime) {
  for (int i = 0; i < 3; ++i) copy(device_, &pinned_[0], 0);
  EXPECT_EQ(cuda().event_record(event_, streams_[0]), 0);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(cuda().event_query(event_), cuda().not_ready) << i;
  EXPECT_EQ(cuda().event_query(event_), 0);
  EXPECT_EQ(cuda().event_query(event_), 0);
}

TEST_F(Streams, AQueryAdvancesWhatItsStreamWaitsFor) {
  copy(device_, &pinned_[0], 0);
  EXPECT_EQ(cuda().event_record(event_, streams_[0]), 0);
  EXPECT_EQ(cuda().stream_wait_event(streams_[1], event_), 0);
  cuda::Event done = nullptr;
  ASSERT_EQ(cuda().event_create(&done), 0);
  EXPECT_EQ(cuda().event_record(done, streams_[1]), 0);
  int queries = 1;
  while (cuda().event_query(done) == cuda().not_ready && queries < 100) ++queries;
  EXPECT_EQ(queries, 4) << "copy, record; wait, record";
  EXPECT_EQ(cuda().event_destroy(done), 0);
}

TEST_F(Streams, QueriesAloneEndUnderEverySchedule) {
  for (const Schedule schedule : all_schedules()) {
    again(schedule);
    copy(device_, &pinned_[0], 0);
    copy(&pinned_[1], device_, 0);
    EXPECT_EQ(cuda().event_record(event_, streams_[0]), 0);
    int code = cuda().not_ready;
    for (int i = 0; i < 1000 && code == cuda().not_ready; ++i) code = cuda().event_query(event_);
    EXPECT_EQ(code, 0);
    EXPECT_EQ(pinned_[1], 17);
  }
}

TEST_F(Streams, AnEventNeverRecordedIsComplete) {
  EXPECT_EQ(cuda().event_query(event_), 0);
  EXPECT_EQ(cuda().stream_wait_event(streams_[0], event_), 0);
  EXPECT_EQ(cuda().stream_synchronize(streams_[0]), 0);
}

TEST_F(Streams, AWaitIsForTheLatestRecordAtTheTimeOfTheCall) {
  copy(device_, &pinned_[0], 0);
  EXPECT_EQ(cuda().event_record(event_, streams_[0]), 0);
  EXPECT_EQ(cuda().stream_wait_event(streams_[1], event_), 0);
  pinned_[0] = 19;
  EXPECT_EQ(cuda().memset_async(device_, 0, sizeof(int), streams_[0]), 0);
  EXPECT_EQ(cuda().event_record(event_, streams_[0]), 0);  // which stream 1 does not wait for
  copy(&pinned_[1], device_, 1);
  EXPECT_EQ(cuda().stream_synchronize(streams_[1]), 0);
  EXPECT_EQ(pinned_[1], 19);
  EXPECT_EQ(cuda().event_query(event_), cuda().not_ready) << "its last record";
}

TEST_F(Streams, EventsAndStreamsMayGoWhileTheyAreAwaited) {
  cuda::Stream stream = nullptr;
  cuda::Event event = nullptr;
  ASSERT_EQ(cuda().stream_create(&stream), 0);
  ASSERT_EQ(cuda().event_create(&event), 0);
  EXPECT_EQ(cuda().memcpy_async(device_, &pinned_[0], sizeof(int), stream), 0);
  EXPECT_EQ(cuda().event_record(event, stream), 0);
  EXPECT_EQ(cuda().stream_wait_event(streams_[0], event), 0);
  EXPECT_EQ(cuda().event_destroy(event), 0);
  EXPECT_EQ(cuda().stream_destroy(stream), 0);
  copy(&pinned_[1], device_, 0);
  EXPECT_EQ(cuda().stream_synchronize(streams_[0]), 0);
  EXPECT_EQ(pinned_[1], 17);
}

TEST_F(Streams, CopiesToPageableMemoryWaitAsInCuda) {
  int host = 0;
  copy(device_, &pinned_[0], 0);
  EXPECT_EQ(device_double().counters().hidden_waits, 0);
  copy(&host, device_, 0);
  EXPECT_EQ(host, 17);
  EXPECT_EQ(device_double().counters().hidden_waits, 1);
  EXPECT_EQ(device_double().counters().pageable_copies, 1);
}

TEST_F(Streams, FreeWaitsForWhatIsQueued) {
  void* memory = nullptr;
  ASSERT_EQ(cuda().malloc(&memory, sizeof(int)), 0);
  copy(memory, &pinned_[0], 0);
  copy(&pinned_[1], memory, 0);
  EXPECT_EQ(cuda().free(memory), 0);
  EXPECT_EQ(pinned_[1], 17);
  EXPECT_EQ(device_double().counters().hidden_waits, 1);
}

TEST_F(Streams, BytesAreCountedByDirection) {
  copy(device_, &pinned_[0], 0);
  copy(&pinned_[1], device_, 0);
  copy(device_, device_, 0);
  copy(&pinned_[1], &pinned_[0], 0);
  const DeviceCounters& counters = device_double().counters();
  EXPECT_EQ(counters.host_to_device_bytes, 4);
  EXPECT_EQ(counters.device_to_host_bytes, 4);
  EXPECT_EQ(counters.device_to_device_bytes, 4);
  EXPECT_EQ(counters.host_to_host_bytes, 4);
  EXPECT_EQ(counters.pageable_copies, 0);
  EXPECT_EQ(device_double().calls("memcpy_async"), 4);
}

}  // namespace
}  // namespace pliant::test
