// Streams and events of the device double: queues that are worked off when somebody looks.
//
// When an operation is run is up to the schedule. CUDA promises order within a stream, and what events say
// across streams; whatever else a program relies on, some schedule shows as wrong data.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace pliant::test {

/// eager: at once, when queued. lazy: only what is looked at, and what that waits for; `per_query` operations
/// a query. random: by dice, at every call, from all streams.
struct Schedule {
  enum class Kind { eager, lazy, random };
  Kind kind = Kind::lazy;
  std::uint32_t seed = 0;
  int per_query = 1;
};
constexpr Schedule eager() {
  return {Schedule::Kind::eager, 0, 1};
}
constexpr Schedule lazy(int per_query = 1) {
  return {Schedule::Kind::lazy, 0, per_query};
}
constexpr Schedule random_order(std::uint32_t seed) {
  return {Schedule::Kind::random, seed, 1};
}

class DoubleStream;

/// One recording of an event: done when its stream has come there.
struct Record {
  bool done = false;
  std::shared_ptr<DoubleStream> stream;  ///< while it is not done
};

enum class Step { done, waits };

/// `attempt` is called until it says that it is done; it does not block.
struct Operation {
  std::string name;
  std::function<Step()> attempt;
  std::shared_ptr<const Record> needs = nullptr;  ///< it is not attempted before
};

class DoubleStream {
 public:
  explicit DoubleStream(int device) : device(device) {}

  const int device;
  std::deque<Operation> queue;
  bool destroyed = false;
};

class DoubleEvent {
 public:
  explicit DoubleEvent(int device) : device(device) {}

  const int device;
  std::shared_ptr<Record> latest;  ///< null: never recorded, which is complete
  bool captured = false;           ///< recorded last in a stream that was captured
};

class DoubleStreams {
 public:
  void set_schedule(Schedule schedule);

  std::shared_ptr<DoubleStream> create(int device);
  void enqueue(DoubleStream& stream, Operation operation);
  /// An operation that marks the end of what is queued in `stream` now.
  std::shared_ptr<Record> record(const std::shared_ptr<DoubleStream>& stream);
  /// What is queued in `stream` from now on comes after `record`.
  void wait(DoubleStream& stream, std::shared_ptr<const Record> record);

  /// Somebody asked about `stream`.
  void look(DoubleStream& stream);
  /// Somebody waits until `stream` has nothing left to do: one round, false if it was in vain.
  bool work(DoubleStream& stream);
  /// Is there an operation that ends when other processes have come to theirs?
  bool any_waits_for_others() const;

  /// One operation of each stream, as a device works on all.
  void work_on_all();

  void drop_all();       ///< nothing that is queued is ever run
  void drop_finished();  ///< destroyed streams that are empty
  const std::vector<std::shared_ptr<DoubleStream>>& all() const { return streams_; }
  std::string list() const;  ///< what is queued

 private:
  bool attempt(DoubleStream& stream);
  bool advance(DoubleStream& stream);
  bool advance_all();
  bool roll(std::uint32_t most);

  std::vector<std::shared_ptr<DoubleStream>> streams_;
  Schedule schedule_;
  std::mt19937 dice_;
};

}  // namespace pliant::test
