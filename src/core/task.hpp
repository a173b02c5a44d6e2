// Functions that wait without blocking. A collective is written as one function, and is suspended while its
// messages travel.
//
//   Task      such a function, suspended at its start, or called by another with co_await
//   Strand    one chain of calls, and the condition that its innermost function waits for
//   Execution one or more strands that make up an operation; any code with time to spare advances it
//
// Frames come from a FramePool, which grows once. The first parameter of a Task function must be an object
// whose frames() returns the pool. Only one thread at a time may advance an execution.
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
  /// Returns a frame to the pool that it came from.
  static void give_back(void* frame) noexcept;

 private:
  struct Header;
  struct alignas(std::max_align_t) Block {
    std::byte bytes[sizeof(std::max_align_t)];
  };
  static constexpr std::size_t kClassBytes = 256;
  static constexpr std::size_t kClasses = 64;  // up to 16 KiB; split a function with a larger frame

  void add_frames(std::size_t size_class);

  std::array<Header*, kClasses> free_{};
  std::vector<std::unique_ptr<Block[]>> blocks_;
};

/// The condition that a suspended function waits for.
struct Waiting {
  bool (*ready)(void* of) = nullptr;  ///< polled until it returns true; does not throw
  void (*block)(void* of) = nullptr;  ///< returns once ready() is true; null: only polling works
  void* of = nullptr;                 ///< argument of both functions
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
  /// Calls the task. The caller continues when the task has ended, and receives its exception if there is
  /// one.
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

/// co_await Until{waiting}: continues when the condition is ready, without a suspension if it already is.
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

/// Number of unsuccessful polls before other work gets a turn, where nothing can block. They take some
/// microseconds.
inline constexpr int kLooks = 256;

/// co_await until(condition): waits for a callable that other strands make true.
template <class Condition>
Until until(const Condition& condition) {
  const auto ready = [](void* of) { return static_cast<bool>((*static_cast<const Condition*>(of))()); };
  return {{ready, nullptr, const_cast<Condition*>(&condition)}};
}

/// A pending operation. An execution that is started again reuses its memory.
class Execution {
 public:
  Execution() = default;
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;
  ~Execution() { give_up(); }

  /// Run `root` until it waits for the first time. The execution must be idle.
  void start(Task root);
  bool idle() const { return used_ == 0; }
  /// Let every strand take a step if it can. Returns whether the root has ended; the execution is idle then.
  /// Throws the exception that ended the root, or any strand before it.
  bool advance();
  /// Call advance() until the root has ended. Blocks where there is a single thing to wait for.
  void finish() {
    while (!advance_for(kLooks)) {
    }
  }
  /// Call advance() at most `looks` times. Returns what advance() returns.
  bool advance_for(int looks);

  /// Abort: the execution is idle afterwards, and everything that its functions hold is released.
  void give_up();

  /// Add a strand that runs beside the calling one. It must end before its caller does.
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

/// co_await CurrentExecution(): the execution that the calling function belongs to.
struct CurrentExecution {
  Execution* execution = nullptr;

  bool await_ready() const { return false; }
  bool await_suspend(Task::Handle waiter) {
    execution = waiter.promise().strand->execution;
    return false;
  }
  Execution& await_resume() const { return *execution; }
};

/// Run two tasks at the same time. Continues when both have ended.
/// @param call  anything with frames(), as for every Task function
template <class Call>
Task together(Call&, Task first, Task second) {
  // NOLINTNEXTLINE(bugprone-use-after-move): clang-tidy 14 also counts the parameter's move into the frame.
  Execution& execution = co_await CurrentExecution();
  const Task& beside = execution.spawn(std::move(second));
  co_await first;
  const auto ended = [&] { return beside.done(); };
  co_await until(ended);
  beside.rethrow();
}

}  // namespace pliant
