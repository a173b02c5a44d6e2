#include "runtime/state/state.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "core/error.hpp"
#include "mpi/agree.hpp"
#include "runtime/guard.hpp"
#include "runtime/state/learner_file.hpp"
#include "runtime/state/state_file.hpp"
#include "runtime/together.hpp"

namespace pliant {
namespace {

void throw_together(Context& context, const std::optional<Error>& mine, const char* path) {
  throw_together(context.comm(), mine, std::string("failed with ") + path);
}

// ---- Messages between a rank and rank 0: for each tensor a header, its name, and its vectors.

struct TensorHeader {
  std::int64_t name_bytes = 0, count = 0, step = 0;
  std::int64_t feedback = 0;  ///< index in error_feedbacks()
  std::int64_t outstanding = 0;
  PolicyMemory::State policy;
};
static_assert(std::is_trivially_copyable_v<TensorHeader>);

TensorHeader header_of(const TensorState& tensor) {
  const auto feedbacks = error_feedbacks();
  return {.name_bytes = static_cast<std::int64_t>(tensor.name.size()),
          .count = tensor.count,
          .step = tensor.step,
          .feedback = std::find(feedbacks.begin(), feedbacks.end(), tensor.feedback) - feedbacks.begin(),
          .outstanding = tensor.memory.outstanding ? 1 : 0,
          .policy = tensor.policy.state()};
}

/// Makes the tensor with its vectors, all zero.
TensorState tensor_of(const TensorHeader& header) {
  TensorState tensor;
  tensor.name.resize(static_cast<std::size_t>(header.name_bytes));
  tensor.count = header.count;
  tensor.step = header.step;
  tensor.prepare(*error_feedbacks()[static_cast<std::size_t>(header.feedback)]);
  tensor.memory.outstanding = header.outstanding != 0;
  // The sender has checked both.
  tensor.policy.restore(header.policy, header.count);
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

void send_saved(Communicator& comm, const SavedTensors& tensors, int to) {
  send_tensors(comm, tensors.of_requests, to);
  send_tensors(comm, tensors.of_blocking_calls, to);
}

SavedTensors receive_saved(Communicator& comm, int from) {
  SavedTensors tensors;
  tensors.of_requests = receive_tensors(comm, from);
  tensors.of_blocking_calls = receive_tensors(comm, from);
  return tensors;
}

/// Throws Error(request) on all ranks unless they have the same tensors: a request that only some ranks have
/// freed would get its state on some ranks only. Collective.
void require_same_tensors(Context& context) {
  const std::string list = context.tensors().list();
  const std::string of_root = share_from_root(context.comm(), list);
  const int other = first_rank_where(context.comm(), list != of_root);
  if (other < 0) return;
  throw Error(ErrorClass::request,
              "loading state where rank " + std::to_string(other) + " has other requests than rank 0",
              "every rank takes the state of the same tensors", "Make and free requests on all ranks before");
}

/// Sets rank 0's model on all ranks, if it has one. Collective.
void share_model(Context& context, const std::optional<CostModel>& mine) {
  CostModel model = mine.value_or(CostModel());
  const auto numbers = numbers_of(model);
  std::array<double, numbers.size() + 1> values{};
  // Other ranks give zeros to the maximum: a default model has factors of 1, which could exceed rank 0's.
  for (std::size_t i = 0; mine && i < numbers.size(); ++i) values[i] = *numbers[i].value;
  values.back() = mine ? 1 : 0;
  agree_max(context.comm(), values);
  if (values.back() == 0) return;
  for (std::size_t i = 0; i < numbers.size(); ++i) *numbers[i].value = values[i];
  context.set_model(model);
}

void require_path(Context& context, const char* path) {
  std::optional<Error> refused;
  if (path == nullptr || path[0] == '\0')
    refused = Error(ErrorClass::argument, "path is NULL or empty", "it names the state file", "Pass a path");
  throw_together(context.comm(), refused, "gives no path");
}

}  // namespace

void save_state(Context& context, const char* path) {
  context.finish_all("saving state");
  require_path(context, path);
  Communicator& comm = context.comm();
  const SavedTensors mine = context.tensors().saved();
  if (comm.rank() != 0) {
    send_saved(comm, mine, 0);
    return throw_together(context, std::nullopt, path);
  }
  std::optional<Hdf5File> file;
  std::optional<Error> failed = attempt([&] {
    file = Hdf5File::create_replacing(path);
    write_head(*file, context);
    if (const Learner* const learner = context.learning().learner()) write_learner(*file, *learner);
    check_consistency(mine, mine, 0, path);
    write_tensors(*file, 0, mine);
  });
  for (int rank = 1; rank < comm.ranks(); ++rank) {
    const SavedTensors theirs = receive_saved(comm, rank);
    if (!failed)
      failed = attempt([&] {
        check_consistency(mine, theirs, rank, path);
        write_tensors(*file, rank, theirs);
      });
  }
  if (!failed) failed = attempt([&] { file->commit(); });
  throw_together(context, failed, path);
}

void load_state(Context& context, const char* path) {
  context.finish_all("loading state");
  require_path(context, path);
  require_same_tensors(context);
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

  SavedTensors loaded;
  if (comm.rank() != 0) loaded = receive_saved(comm, 0);
  for (int rank = 0; comm.rank() == 0 && rank < comm.ranks(); ++rank) {
    SavedTensors theirs;
    if (!failed)
      failed = attempt([&] {
        theirs = read_tensors(*file, rank);
        check_consistency(rank == 0 ? theirs : loaded, theirs, rank, path);
      });
    if (failed) theirs = {};
    if (rank == 0) {
      loaded = std::move(theirs);
    } else {
      send_saved(comm, theirs, rank);
    }
  }
  if (!failed) failed = attempt([&] { context.tensors().check_fit(loaded, path); });
  throw_together(context, failed, path);
  context.tensors().load(std::move(loaded));
  share_model(context, model);
  if (learner) context.learning().go_on(std::move(learner));
}

}  // namespace pliant
