// Messages of an unexpected length: the error names the sender, and no byte is written beyond the buffer.
#include "mpi/checked_receive.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/task.hpp"
#include "mpi/flow.hpp"

namespace pliant {
namespace {

/// Lengths that MPI sends eagerly, and by rendezvous.
constexpr std::size_t kLengths[] = {1, 3000, 20'000, 500'000};

/// A buffer followed by guard bytes.
class Guarded {
 public:
  explicit Guarded(std::size_t room) : room_(room), bytes_(room + 1'000'000, kUntouched) {}
  std::span<std::byte> room() { return std::span(bytes_).first(room_); }
  bool is_whole() const {
    return std::all_of(bytes_.begin() + static_cast<std::ptrdiff_t>(room_), bytes_.end(),
                       [](std::byte byte) { return byte == kUntouched; });
  }
  bool holds(std::size_t length) const {
    return std::all_of(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(length),
                       [](std::byte byte) { return byte == kSent; });
  }

  static constexpr std::byte kUntouched{0xEE};
  static constexpr std::byte kSent{0x55};

 private:
  std::size_t room_;
  std::vector<std::byte> bytes_;
};

std::vector<std::byte> message(std::size_t bytes) {
  return std::vector<std::byte>(bytes, Guarded::kSent);
}

/// The text of the Error(argument) from `act`; empty if there is none.
template <class Act>
std::string error_of(Act&& act) {
  try {
    act();
  } catch (const Error& error) {
    EXPECT_EQ(error.error_class(), ErrorClass::argument) << error.what();
    return error.what();
  }
  return "";
}

struct Operation {
  Communicator& comm;
  FramePool pool{};
  FramePool& frames() { return pool; }
};

constexpr int kTag = 7;

Task send_all(Operation& operation, const std::vector<std::byte>& bytes, int to) {
  Flow flow(operation.comm, kTag);
  flow.send(bytes, to);
  co_await flow.next();
}

Task receive(Operation& operation, std::span<std::byte> room, int from, Length length, std::size_t& bytes) {
  Flow flow(operation.comm, kTag);
  if (length == Length::exact) {
    flow.receive(room, from);
  } else {
    flow.receive_up_to(room, from);
  }
  co_await flow.next();
  bytes = flow.received_bytes();
}

void run(Task task) {
  Execution execution;
  execution.start(std::move(task));
  execution.finish();
}

class CheckedReceiveTest : public testing::Test {
 protected:
  void SetUp() override {
    if (comm_.ranks() < 2) GTEST_SKIP() << "needs a sender and a receiver";
  }
  bool sends() const { return comm_.rank() == 0; }
  bool receives() const { return comm_.rank() == 1; }

  Communicator comm_ = Communicator::duplicate(MPI_COMM_WORLD);
  Operation operation_{comm_};
  std::size_t bytes_ = 0;
};

TEST_F(CheckedReceiveTest, FlowWritesNothingBeyondItsRoom) {
  for (const std::size_t length : kLengths)
    for (const std::size_t room : {length - 1, length / 2}) {
      if (sends()) run(send_all(operation_, message(length), 1));
      if (!receives()) continue;
      Guarded memory(room);
      const std::string error =
          error_of([&] { run(receive(operation_, memory.room(), 0, Length::at_most, bytes_)); });
      EXPECT_NE(error.find("rank 0 sent " + std::to_string(length) + " bytes"), std::string::npos) << error;
      EXPECT_TRUE(memory.is_whole()) << length << " bytes into room for " << room;
    }
}

TEST_F(CheckedReceiveTest, FlowRefusesAShorterMessageUnlessOneIsExpected) {
  for (const std::size_t length : kLengths)
    for (const Length expected : {Length::exact, Length::at_most}) {
      if (sends()) run(send_all(operation_, message(length), 1));
      if (!receives()) continue;
      Guarded memory(length + 1);
      const std::string error =
          error_of([&] { run(receive(operation_, memory.room(), 0, expected, bytes_)); });
      EXPECT_EQ(error.empty(), expected == Length::at_most) << error;
      if (error.empty()) {
        EXPECT_EQ(bytes_, length);
        EXPECT_TRUE(memory.holds(length));
      }
    }
}

TEST_F(CheckedReceiveTest, FlowTakesWhatIsExpected) {
  for (const std::size_t length : kLengths) {
    if (sends()) run(send_all(operation_, message(length), 1));
    if (!receives()) continue;
    Guarded memory(length);
    EXPECT_EQ(error_of([&] { run(receive(operation_, memory.room(), 0, Length::exact, bytes_)); }), "");
    EXPECT_TRUE(memory.holds(length));
    EXPECT_TRUE(memory.is_whole());
  }
}

/// A communicator that a refusal may break. MPI may still use the abandoned buffers.
Communicator& to_be_broken() {
  return *std::make_unique<Communicator>(Communicator::duplicate(MPI_COMM_WORLD)).release();
}

/// The receiver refuses the message, so the sender may see the failure before its last byte is sent.
void send_in_vain(Communicator& comm, std::size_t length) {
  try {
    comm.send(message(length), 1);
  } catch (const Error& error) {
    EXPECT_EQ(error.error_class(), ErrorClass::other) << error.what();
  }
}

TEST_F(CheckedReceiveTest, CommunicatorWritesNothingBeyondItsRoom) {
  for (const std::size_t length : kLengths) {
    Communicator& comm = to_be_broken();
    if (sends()) send_in_vain(comm, length);
    if (!receives()) continue;
    Guarded memory(std::max<std::size_t>(1, length / 2));
    const std::string error = error_of([&] { comm.receive(memory.room(), 0); });
    EXPECT_EQ(error.empty(), memory.room().size() == length) << error;
    EXPECT_EQ(comm.has_announced_failure(), !error.empty());
    EXPECT_TRUE(memory.is_whole()) << length;
  }
}

TEST_F(CheckedReceiveTest, CommunicatorRefusesAShorterMessage) {
  for (const std::size_t length : kLengths) {
    Communicator& comm = to_be_broken();
    if (sends()) send_in_vain(comm, length);
    if (!receives()) continue;
    Guarded memory(length + 1);
    EXPECT_NE(error_of([&] { comm.receive(memory.room(), 0); }), "");
    EXPECT_TRUE(comm.has_announced_failure());
  }
}

Task receive_from_both(Operation& operation, std::span<std::byte> first, std::span<std::byte> second) {
  Flow flow(operation.comm, kTag);
  flow.receive(first, 1);
  flow.receive(second, 2);
  co_await flow.next();
  co_await flow.next();
}

/// Rank 1 sends after rank 2's long message has been received, so it must not wait in turn.
TEST_F(CheckedReceiveTest, MessagesOfOtherSendersNeedNotWait) {
  if (comm_.ranks() < 3) GTEST_SKIP() << "needs two senders";
  constexpr std::size_t kLong = 500'000;
  const auto token = message(1);
  if (comm_.rank() == 0) {
    Guarded first(kLong);
    Guarded second(kLong);
    run(receive_from_both(operation_, first.room(), second.room()));
    EXPECT_TRUE(first.holds(kLong));
    EXPECT_TRUE(second.holds(kLong));
  } else if (comm_.rank() == 1) {
    std::vector<std::byte> permission(1);
    comm_.receive(permission, 2);
    run(send_all(operation_, message(kLong), 0));
  } else if (comm_.rank() == 2) {
    run(send_all(operation_, message(kLong), 0));
    comm_.send(token, 1);
  }
}

}  // namespace
}  // namespace pliant
