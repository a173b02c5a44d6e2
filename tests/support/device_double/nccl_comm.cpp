#include "nccl_comm.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace pliant::test {
namespace {

int world_rank() {
  int rank = 0;
  PMPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

Bytes bytes_of(const std::vector<int>& numbers) {
  Bytes bytes(numbers.size() * sizeof(int));
  if (!numbers.empty()) std::memcpy(bytes.data(), numbers.data(), bytes.size());
  return bytes;
}

std::vector<int> numbers_of(const Bytes& bytes) {
  std::vector<int> numbers(bytes.size() / sizeof(int));
  if (!numbers.empty()) std::memcpy(numbers.data(), bytes.data(), bytes.size());
  return numbers;
}

/// Whether a kernel of `device` may access these bytes.
bool reachable(const void* address, std::size_t bytes, int device) {
  DoubleMemory& memory = device_double().memory();
  const Allocation* found = memory.find(address);
  if (bytes == 0) return true;
  return found != nullptr && memory.whole(address, bytes) &&
         (found->kind != cuda::MemoryKind::device || found->device == device);
}

}  // namespace

struct DoubleComm::Run {
  Task task;
  std::shared_ptr<DoubleStream> stream;
  bool begun = false, hangs = false;
  std::optional<Collective> collective;
};

// ---- Creation: every rank reports to the creator of the id, which sends the members to all. ----

DoubleComm::DoubleComm(int ranks, int rank, const IdContent& id, int device)
    : ranks_(ranks), device_(device), id_(id), hangs_(nccl_double().options().init_hangs) {
  members_.rank = rank;
  members_.tag = id.tag + 1;
  polls_ = nccl_double().options().polls;
  if (!hangs_) begin_init();
}

void DoubleComm::begin_init() {
  if (world_rank() != id_.creator) {
    outgoing_.send(id_.creator, id_.tag, bytes_of({members_.rank, ranks_}));
    incoming_.push_back(
        std::make_unique<Incoming>(id_.creator, id_.tag, static_cast<std::size_t>(ranks_) * sizeof(int)));
    return;
  }
  for (int other = 1; other < ranks_; ++other)
    incoming_.push_back(std::make_unique<Incoming>(MPI_ANY_SOURCE, id_.tag, 2 * sizeof(int)));
}

void DoubleComm::advance_init() {
  const bool heard =
      std::all_of(incoming_.begin(), incoming_.end(), [](const auto& m) { return m->arrived(); });
  if (hangs_ || !outgoing_.all_gone() || !heard) return;
  if (members_.world.empty()) {
    if (world_rank() == id_.creator)
      answer();
    else
      members_.world = numbers_of(incoming_[0]->bytes());
    if (members_.world.size() != static_cast<std::size_t>(ranks_)) error_ = kNcclInvalidUsage;
  }
  ready_ = outgoing_.all_gone();
}

/// Answers with an empty list of members: they do not fit together.
void DoubleComm::answer() {
  std::vector<int> world(static_cast<std::size_t>(ranks_), -1);
  world[static_cast<std::size_t>(members_.rank)] = world_rank();
  bool fits = true;
  for (const auto& message : incoming_) {
    const std::vector<int> said = numbers_of(message->bytes());
    fits = fits && said[1] == ranks_ && world[static_cast<std::size_t>(said[0])] == -1;
    if (fits) world[static_cast<std::size_t>(said[0])] = message->from();
  }
  if (!fits) world.clear();
  for (const auto& message : incoming_) outgoing_.send(message->from(), id_.tag, bytes_of(world));
  members_.world = world;
}

int DoubleComm::poll() {
  if (device_double().sticky() != 0) return kNcclUnhandledCudaError;
  if (error_ == 0 && !ready_) advance_init();
  if (error_ != 0) return error_;
  if (!ready_) return kNcclInProgress;
  if (finalizing_) device_double().streams().work_on_all();
  if (polls_ > 0) {
    --polls_;
    return kNcclInProgress;
  }
  if (held_ != nullptr) enqueue();
  if (finalizing_ && queued_ > 0 && error_ == 0) return kNcclInProgress;
  return error_;
}

// ---- Collectives. --------------------------------------------------------------------------------------

int DoubleComm::start(const Task& task, const std::shared_ptr<DoubleStream>& stream) {
  held_ = std::make_shared<Run>();
  held_->task = task;
  held_->stream = stream;
  polls_ = nccl_double().options().polls;
  if (polls_ > 0) return kNcclInProgress;
  enqueue();
  return 0;
}

/// Collectives of one communicator run in sequence, whatever their streams.
void DoubleComm::enqueue() {
  const auto run = std::exchange(held_, nullptr);
  DoubleStreams& streams = device_double().streams();
  if (last_ != nullptr && !last_->done && last_stream_ != run->stream) streams.wait(*run->stream, last_);
  ++queued_;
  streams.enqueue(*run->stream, {run->task.broadcast() ? "nccl broadcast" : "nccl all_reduce",
                                 [self = shared_from_this(), run] { return self->step(*run); }});
  last_stream_ = run->stream;
  last_ = streams.record(run->stream);
}

Step DoubleComm::step(Run& run) {
  if (aborted_) return Step::done;
  if (error_ != 0) return Step::waits;
  if (!run.begun && !begin(run)) return Step::waits;
  if (run.hangs) return Step::waits;
  switch (run.collective->advance()) {
    case Collective::State::pending:
      return Step::waits;
    case Collective::State::mismatched:
      error_ = kNcclInvalidUsage;
      return Step::waits;
    case Collective::State::done:
      finish(run);
      return Step::done;
  }
  return Step::waits;
}

/// Returns false if the collective is impossible.
bool DoubleComm::begin(Run& run) {
  run.begun = true;
  int code = 0;
  run.hangs = nccl_double().begin_operation(&code);
  error_ = code;
  if (run.hangs) return false;
  const Task& task = run.task;
  const bool sends = !task.broadcast() || task.root == members_.rank;
  if (!reachable(task.send, task.bytes(), device_) || !reachable(task.recv, task.bytes(), device_)) {
    device_double().break_device(kIllegalAddress);
    return false;
  }
  Bytes own(task.bytes());
  if (sends && !own.empty()) {
    const OpenedMemory opened(device_double().memory(), task.send);
    std::memcpy(own.data(), task.send, own.size());
  }
  run.collective.emplace(task, members_, std::move(own));
  return true;
}

void DoubleComm::finish(Run& run) {
  const Bytes& result = run.collective->result();
  if (!result.empty()) {
    const OpenedMemory opened(device_double().memory(), run.task.recv);
    std::memcpy(run.task.recv, result.data(), result.size());
  }
  run.collective.reset();
  --queued_;
}

// ---- The end. ------------------------------------------------------------------------------------------

int DoubleComm::finalize() {
  finalizing_ = true;
  polls_ = nccl_double().options().polls;
  return polls_ > 0 || queued_ > 0 ? kNcclInProgress : 0;
}

void DoubleComm::abort() {
  aborted_ = true;
  held_ = nullptr;
  incoming_.clear();
}

}  // namespace pliant::test
