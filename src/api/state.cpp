#include "api/state.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "api/guard.hpp"
#include "api/learner_file.hpp"
#include "api/state_file.hpp"
#include "core/error.hpp"
#include "mpi/agree.hpp"

namespace pliant {
namespace {

/// Throw on every rank if one of them failed: its own error there, a pointer to it elsewhere.
void throw_together(Context& context, const std::optional<Error>& mine, const char* path) {
  const int failing = first_rank_where(context.comm(), mine.has_value());
  if (mine) throw *mine;
  if (failing >= 0)
    throw Error(ErrorClass::io, "rank " + std::to_string(failing) + " failed with " + path,
                "a state file is of all ranks or of none", "Read that rank's message");
}

// ---- What travels between a rank and rank 0: of each tensor a header, its name, and its vectors.

struct TensorHeader {
  std::int64_t name_bytes = 0, count = 0, step = 0;
  std::int64_t feedback = 0;  ///< its place in the list
  PolicyMemory::State policy;
  QualityMemory::State quality;
};
static_assert(std::is_trivially_copyable_v<TensorHeader>);

TensorHeader header_of(const TensorState& tensor) {
  const auto feedbacks = error_feedbacks();
  return {.name_bytes = static_cast<std::int64_t>(tensor.name.size()),
          .count = tensor.count,
          .step = tensor.step,
          .feedback = std::find(feedbacks.begin(), feedbacks.end(), tensor.feedback) - feedbacks.begin(),
          .policy = tensor.policy.state(),
          .quality = tensor.quality.state()};
}

/// Its vectors allocated, and still zero.
TensorState tensor_of(const TensorHeader& header) {
  TensorState tensor;
  tensor.name.resize(static_cast<std::size_t>(header.name_bytes));
  tensor.count = header.count;
  tensor.step = header.step;
  tensor.prepare(*error_feedbacks()[static_cast<std::size_t>(header.feedback)]);
  // Checked by who sent it.
  tensor.policy.restore(header.policy, header.count);
  tensor.quality.restore(header.quality);
  return tensor;
}

template <class T>
void send(Communicator& comm, std::span<const T> values, int to) {
  comm.send(std::as_bytes(values), to);
}

template <class T>
void receive(Communicator& comm, std::span<T> values, int from) {
  comm.receive(std::as_writable_bytes(values), from);
}

void send_tensors(Communicator& comm, const std::vector<TensorState>& tensors, int to) {
  const std::uint64_t number = tensors.size();
  send(comm, std::span(&number, 1), to);
  for (const TensorState& tensor : tensors) {
    const TensorHeader header = header_of(tensor);
    send(comm, std::span(&header, 1), to);
    send(comm, std::span(tensor.name.data(), tensor.name.size()), to);
    for_each_vector(tensor.memory, [&](const char*, const std::vector<float>& v) {
      send(comm, std::span<const float>(v), to);
    });
  }
}

std::vector<TensorState> receive_tensors(Communicator& comm, int from) {
  std::uint64_t number = 0;
  receive(comm, std::span(&number, 1), from);
  std::vector<TensorState> tensors;
  for (std::uint64_t i = 0; i < number; ++i) {
    TensorHeader header;
    receive(comm, std::span(&header, 1), from);
    TensorState& tensor = tensors.emplace_back(tensor_of(header));
    receive(comm, std::span(tensor.name), from);
    for_each_vector(tensor.memory,
                    [&](const char*, std::vector<float>& v) { receive(comm, std::span(v), from); });
  }
  return tensors;
}

void check_fit(const Context& context, const std::vector<TensorState>& loaded, const char* path) {
  for (const TensorState* alive : context.all_tensors())
    for (const TensorState& tensor : loaded)
      if (tensor.name == alive->name && tensor.count != alive->count)
        throw Error(
            ErrorClass::io,
            "tensor '" + tensor.name + "' has " + std::to_string(tensor.count) + " elements in " + path,
            "must be its count here, " + std::to_string(alive->count), "Load the state of the same program");
}

void apply(Context& context, std::vector<TensorState> loaded) {
  std::map<std::string, TensorState> pending;
  for (TensorState& tensor : loaded) pending[tensor.name] = std::move(tensor);
  for (TensorState* alive : context.all_tensors()) {
    const auto found = pending.find(alive->name);
    if (found == pending.end()) continue;
    alive->resume(std::move(found->second));
    pending.erase(found);
  }
  context.set_pending(std::move(pending));
}

/// Rank 0's model for all; without one nothing changes.
void share_model(Context& context, const std::optional<CostModel>& mine) {
  CostModel model = mine.value_or(CostModel());
  const auto numbers = numbers_of(model);
  std::array<double, numbers.size() + 1> values{};
  // Zeros of the others: a model made of nothing has factors of 1, which would beat smaller ones.
  for (std::size_t i = 0; mine && i < numbers.size(); ++i) values[i] = *numbers[i].value;
  values.back() = mine ? 1 : 0;
  agree_max(context.comm(), values);
  if (values.back() == 0) return;
  for (std::size_t i = 0; i < numbers.size(); ++i) *numbers[i].value = values[i];
  context.set_model(model);
}

void require_path(const char* path) {
  if (path == nullptr || path[0] == '\0')
    throw Error(ErrorClass::argument, "path is NULL or empty", "it names the state file", "Pass a path");
}

}  // namespace

void save_state(Context& context, const char* path) {
  require_path(path);
  Communicator& comm = context.comm();
  std::vector<TensorState> mine;
  for (const TensorState* tensor : context.all_tensors())
    if (tensor->feedback != nullptr) mine.push_back(*tensor);
  if (comm.rank() != 0) {
    send_tensors(comm, mine, 0);
    return throw_together(context, std::nullopt, path);
  }
  std::optional<Hdf5File> file;
  std::optional<Error> failed = attempt([&] {
    file = Hdf5File::create_replacing(path);
    write_head(*file, context);
    if (const Learner* const learner = context.learning().learner()) write_learner(*file, *learner);
    write_tensors(*file, 0, mine);
  });
  for (int rank = 1; rank < comm.ranks(); ++rank) {
    std::vector<TensorState> theirs = receive_tensors(comm, rank);
    if (!failed) failed = attempt([&] { write_tensors(*file, rank, theirs); });
  }
  if (!failed) failed = attempt([&] { file->commit(); });
  throw_together(context, failed, path);
}

void load_state(Context& context, const char* path) {
  require_path(path);
  context.require_same_starts("loading state");
  Communicator& comm = context.comm();
  std::optional<Hdf5File> file;
  std::optional<CostModel> model;
  std::unique_ptr<Learner> learner;
  std::optional<Error> failed;
  if (comm.rank() == 0)
    failed = attempt([&] {
      file = Hdf5File::open(path);
      check_head(*file, context.ranks(), path);
      model = read_model(*file);
      if (model) learner = read_learner(*file, *model);
    });
  throw_together(context, failed, path);

  std::vector<TensorState> loaded;
  if (comm.rank() != 0) loaded = receive_tensors(comm, 0);
  for (int rank = 0; comm.rank() == 0 && rank < comm.ranks(); ++rank) {
    std::vector<TensorState> theirs;
    if (!failed) failed = attempt([&] { theirs = read_tensors(*file, rank); });
    if (failed) theirs.clear();
    if (rank == 0) {
      loaded = std::move(theirs);
    } else {
      send_tensors(comm, theirs, rank);
    }
  }
  if (!failed) failed = attempt([&] { check_fit(context, loaded, path); });
  throw_together(context, failed, path);
  apply(context, std::move(loaded));
  share_model(context, model);
  if (learner) context.learning().go_on(std::move(learner));
}

}  // namespace pliant
