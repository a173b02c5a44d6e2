// Functions that wait without blocking: a collective is written as one function, and is suspended while its
// messages travel.
//
//   Task      such a function, suspended at its start, or called by another with co_await
//   Strand    one chain of calls; what its innermost function waits for
//   Execution one or more strands that make up an operation, advanced by whoever has time
//
// Frames come from a FramePool, which grows once: the first parameter of a Task function is an object whose
// frames() returns it. One thread at a time advances an execution.
#pragma once

#include <array>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

namespace pliant {

/// Memory of suspended functions. Must outlive them.
class FramePool {
 public:
  FramePool() = default;
  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;
  ~FramePool();

  void* take(std::size_t bytes);
  /// To the pool it was taken from.
  static void give_back(void* frame) noexcept;

 private:
  struct Header;
  struct alignas(std::max_align_t) Block {
    std::byte bytes[sizeof(std::max_align_t)];
  };
  static constexpr std::size_t kClassBytes = 256;
  static constexpr std::size_t kClasses = 64;  // of up to 16 KiB; a frame beyond belongs into two functions

  void add_frames(std::size_t size_class);

  std::array<Header*, kClasses> free_{};
  std::vector<std::unique_ptr<Block[]>> blocks_;
};

/// What a suspended function waits for.
struct Waiting {
  bool (*ready)(void* of) = nullptr;  ///< asked again and again until it says so; does not throw
  void (*block)(void* of) = nullptr;  ///< returns when it is; null: has to be asked
  void* of = nullptr;                 ///< what both are given
};

class Execution;

struct Strand {
  Execution* execution = nullptr;
  std::coroutine_handle<> innermost;  ///< resumed once `waiting` is ready
  Waiting waiting;
};

class [[nodiscard]] Task {
 public:
  struct promise_type;
  using Handle = std::coroutine_handle<promise_type>;

  Task() = default;
  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  Handle handle() const { return handle_; }
  bool done() const { return !handle_ || handle_.done(); }
  bool failed() const;
  void rethrow() const;

  struct Call;
  /// Calls it: goes on when it has ended, with its exception if there is one.
  Call operator co_await() const;

 private:
  Handle handle_;
};

struct Task::promise_type {
  template <class First, class... Rest>
  static void* operator new(std::size_t bytes, First& first, Rest&...) {
    return first.frames().take(bytes);
  }
  static void operator delete(void* frame) noexcept { FramePool::give_back(frame); }

  struct Return {
    bool await_ready() noexcept { return false; }
    std::coroutine_handle<> await_suspend(Handle ended) noexcept {
      const std::coroutine_handle<> caller = ended.promise().caller;
      return caller ? caller : std::noop_coroutine();
    }
    void await_resume() noexcept {}
  };

  Task get_return_object() { return Task(Handle::from_promise(*this)); }
  std::suspend_always initial_suspend() noexcept { return {}; }
  Return final_suspend() noexcept { return {}; }
  void return_void() {}
  void unhandled_exception() { error = std::current_exception(); }

  Strand* strand = nullptr;
  std::coroutine_handle<> caller;
  std::exception_ptr error;
};

inline bool Task::failed() const {
  return handle_ && handle_.promise().error;
}
inline void Task::rethrow() const {
  if (failed()) std::rethrow_exception(handle_.promise().error);
}

struct Task::Call {
  const Task& task;

  bool await_ready() const { return task.done(); }
  std::coroutine_handle<> await_suspend(Handle caller) const {
    promise_type& callee = task.handle().promise();
    callee.caller = caller;
    callee.strand = caller.promise().strand;
    return task.handle();
  }
  void await_resume() const { task.rethrow(); }
};

inline Task::Call Task::operator co_await() const {
  return {*this};
}

/// co_await Until{waiting}: goes on when it is ready; without a suspension where it is already.
struct Until {
  Waiting waiting;

  bool await_ready() const { return waiting.ready(waiting.of); }
  void await_suspend(Task::Handle waiter) const {
    Strand& strand = *waiter.promise().strand;
    strand.innermost = waiter;
    strand.waiting = waiting;
  }
  void await_resume() const {}
};

/// How often to look in vain at what nothing can block for, before seeing to anything else: some
/// microseconds.
inline constexpr int kLooks = 256;

/// co_await until(condition): the same for a callable that other strands make true.
template <class Condition>
Until until(const Condition& condition) {
  const auto ready = [](void* of) { return static_cast<bool>((*static_cast<const Condition*>(of))()); };
  return {{ready, nullptr, const_cast<Condition*>(&condition)}};
}

/// An operation under way. Started again and again, it keeps its memory.
class Execution {
 public:
  Execution() = default;
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;
  ~Execution() { give_up(); }

  /// Run `root` until it waits for the first time. The execution must be idle.
  void start(Task root);
  bool idle() const { return used_ == 0; }
  /// Let every strand take a step if it can. Returns whether the root has ended; it is idle then. Throws what
  /// ended it, or any strand before it.
  bool advance();
  /// advance() until it has ended; blocks where there is one thing to wait for.
  void finish() {
    while (!advance_for(kLooks)) {
    }
  }
  /// The same, but gives up after so many looks in vain. Returns as advance() does.
  bool advance_for(int looks);

  /// It ends here, and is idle: whatever its functions hold is given back.
  void give_up();

  /// A further strand, which runs beside the one that asks. It must have ended before its caller does.
  Task& spawn(Task task);

 private:
  struct Running {
    Strand strand;
    Task task;
  };
  void begin(Running& running, Task task);

  std::vector<std::unique_ptr<Running>> strands_;
  std::size_t used_ = 0;
};

/// co_await CurrentExecution(): the execution that the asking function belongs to.
struct CurrentExecution {
  Execution* execution = nullptr;

  bool await_ready() const { return false; }
  bool await_suspend(Task::Handle waiter) {
    execution = waiter.promise().strand->execution;
    return false;
  }
  Execution& await_resume() const { return *execution; }
};

/// Two tasks at the same time; goes on when both have ended.
/// @param call  anything with frames(), as for every Task function
template <class Call>
Task together(Call&, Task first, Task second) {
  Execution& execution = co_await CurrentExecution();
  const Task& beside = execution.spawn(std::move(second));
  co_await first;
  const auto ended = [&] { return beside.done(); };
  co_await until(ended);
  beside.rethrow();
}

}  // namespace pliant
