// Streams and events of the device double: queues that advance when somebody polls.
//
// The schedule decides when an operation runs. CUDA guarantees order within a stream, and across streams by
// events. If a program relies on anything else, some schedule gives it wrong data.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace pliant::test {

/// eager: when queued. lazy: only polled streams and those that they wait for, `per_query` operations per
/// query. random: random operations of all streams at every call.
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

/// A recording of an event. It is done when its stream has reached it.
struct Record {
  bool done = false;
  std::shared_ptr<DoubleStream> stream;  ///< set while it is not done
};

enum class Step { done, waits };

/// `attempt` is called until it returns that it is done; it does not block.
struct Operation {
  std::string name;
  std::function<Step()> attempt;
  std::shared_ptr<const Record> needs = nullptr;  ///< must be done before the first attempt
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
  std::shared_ptr<Record> latest;  ///< null: never recorded, which counts as complete
  bool captured = false;           ///< last recorded in a captured stream
};

class DoubleStreams {
 public:
  void set_schedule(Schedule schedule);

  std::shared_ptr<DoubleStream> create(int device);
  void enqueue(DoubleStream& stream, Operation operation);
  /// Queues a marker behind the present operations of `stream`.
  std::shared_ptr<Record> record(const std::shared_ptr<DoubleStream>& stream);
  /// Operations queued in `stream` from now on come after `record`.
  void wait(DoubleStream& stream, std::shared_ptr<const Record> record);

  /// Polls `stream`.
  void look(DoubleStream& stream);
  /// One round of waiting for `stream` to become empty. Returns false if nothing advanced.
  bool work(DoubleStream& stream);
  /// Whether an operation waits for the operations of other processes.
  bool any_waits_for_others() const;

  /// Runs one operation of each stream, as a device works on all.
  void work_on_all();

  void drop_all();       ///< drops all queued operations
  void drop_finished();  ///< drops destroyed streams that are empty
  const std::vector<std::shared_ptr<DoubleStream>>& all() const { return streams_; }
  std::string list() const;  ///< lists the queued operations

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
