#include "core/task.hpp"

#include <new>

namespace pliant {

/// Stands in front of every frame. Aligned so that the frame behind it is aligned, too.
struct alignas(std::max_align_t) FramePool::Header {
  FramePool* pool;
  std::size_t size_class;
  Header* next_free;
};

FramePool::~FramePool() = default;

/// Adds several frames at once. How many frames of a class are alive together depends on the order of
/// arrivals. That order must not decide which call allocates memory.
void FramePool::add_frames(std::size_t size_class) {
  constexpr std::size_t kFrames = 4;
  const std::size_t bytes = (size_class + 1) * kClassBytes;
  blocks_.push_back(std::make_unique<Block[]>(kFrames * bytes / sizeof(Block)));
  for (std::size_t i = 0; i < kFrames; ++i) {
    void* const at = reinterpret_cast<std::byte*>(blocks_.back().get()) + i * bytes;
    free_[size_class] = new (at) Header{this, size_class, free_[size_class]};
  }
}

void* FramePool::take(std::size_t bytes) {
  const std::size_t size_class = (bytes + sizeof(Header)) / kClassBytes;
  if (size_class >= kClasses) throw std::bad_alloc();
  if (free_[size_class] == nullptr) add_frames(size_class);
  Header* const header = free_[size_class];
  free_[size_class] = header->next_free;
  return header + 1;
}

void FramePool::give_back(void* frame) noexcept {
  Header* const header = static_cast<Header*>(frame) - 1;
  Header*& first = header->pool->free_[header->size_class];
  header->next_free = first;
  first = header;
}

void Execution::begin(Running& running, Task task) {
  running.task = std::move(task);
  running.strand = {};
  running.strand.execution = this;
  running.task.handle().promise().strand = &running.strand;
  running.task.handle().resume();
}

void Execution::start(Task root) {
  spawn(std::move(root));
}

Task& Execution::spawn(Task task) {
  if (used_ == strands_.size()) strands_.push_back(std::make_unique<Running>());
  Running& running = *strands_[used_++];
  begin(running, std::move(task));
  return running.task;
}

void Execution::give_up() {
  // Destroy the root last: the other strands use objects that its functions hold.
  while (used_ > 0) strands_[--used_]->task = Task();
}

bool Execution::advance() {
  for (std::size_t i = 0; i < used_; ++i) {
    Running& running = *strands_[i];
    Strand& strand = running.strand;
    if (!running.task.done() && strand.waiting.ready(strand.waiting.of)) strand.innermost.resume();
    if (running.task.done() && (i == 0 || running.task.failed())) {
      const Task ended = std::move(running.task);
      give_up();
      ended.rethrow();
      return true;
    }
  }
  return used_ == 0;
}

bool Execution::advance_for(int looks) {
  for (; looks > 0; --looks) {
    if (advance()) return true;
    const Running* alone = nullptr;
    for (std::size_t i = 0; i < used_; ++i) {
      if (strands_[i]->task.done()) continue;
      if (alone != nullptr) {
        alone = nullptr;
        break;
      }
      alone = strands_[i].get();
    }
    if (alone != nullptr && alone->strand.waiting.block != nullptr)
      alone->strand.waiting.block(alone->strand.waiting.of);
  }
  return false;
}

}  // namespace pliant
