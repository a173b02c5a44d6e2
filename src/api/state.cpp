#include "api/state.hpp"

#include <array>
#include <string>
#include <vector>

#include "api/guard.hpp"
#include "core/error.hpp"
#include "mpi/agree.hpp"
#include "trace/hdf5_file.hpp"

namespace pliant {
namespace {

constexpr const char* kSchema = "pliant-state";
constexpr const char* kVersion = "1.1";

std::string group_of(int rank) {
  return "/ranks/" + std::to_string(rank);
}
std::string group_of(int rank, std::size_t index) {
  return group_of(rank) + "/" + std::to_string(index);
}

/// Throw on every rank if one of them failed: its own error there, a pointer to it elsewhere.
void throw_together(Context& context, const std::optional<Error>& mine, const char* path) {
  const int failing = first_rank_where(context.comm(), mine.has_value());
  if (mine) throw *mine;
  if (failing >= 0)
    throw Error(ErrorClass::io, "rank " + std::to_string(failing) + " failed with " + path,
                "a state file is of all ranks or of none", "Read that rank's message");
}

// ---- What travels between a rank and rank 0: one text that describes the tensors, then their vectors.

void send_text(Communicator& comm, const std::string& text, int to) {
  const std::uint64_t length = text.size();
  comm.send(std::as_bytes(std::span(&length, 1)), to);
  comm.send(std::as_bytes(std::span(text)), to);
}

std::string receive_text(Communicator& comm, int from) {
  std::uint64_t length = 0;
  comm.receive(std::as_writable_bytes(std::span(&length, 1)), from);
  std::string text(length, '\0');
  comm.receive(std::as_writable_bytes(std::span(text)), from);
  return text;
}

std::string describe(const std::vector<TensorState>& tensors) {
  std::string text;
  for (const TensorState& tensor : tensors)
    text.append(tensor.name)
        .append("\n")
        .append(std::to_string(tensor.count))
        .append("\n")
        .append(std::to_string(tensor.step))
        .append("\n")
        .append(tensor.feedback->name)
        .append("\n");
  return text;
}

/// Tensors as described, their vectors allocated and still zero.
std::vector<TensorState> parse_description(const std::string& text) {
  std::vector<TensorState> tensors;
  std::size_t at = 0;
  const auto line = [&] {
    const std::size_t end = text.find('\n', at);
    const std::string found = text.substr(at, end - at);
    at = end + 1;
    return found;
  };
  while (at < text.size()) {
    TensorState tensor;
    tensor.name = line();
    tensor.count = std::stoll(line());
    tensor.step = std::stoll(line());
    tensor.prepare(find_error_feedback(line()));
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

template <class Use>
void for_each_vector(TensorState& tensor, Use&& use) {
  use("residual", tensor.memory.residual);
  use("estimate", tensor.memory.estimate);
  use("total", tensor.memory.total);
}

void send_tensors(Communicator& comm, std::vector<TensorState>& tensors, int to) {
  send_text(comm, describe(tensors), to);
  for (TensorState& tensor : tensors)
    for_each_vector(tensor,
                    [&](const char*, std::vector<float>& v) { comm.send(std::as_bytes(std::span(v)), to); });
}

std::vector<TensorState> receive_tensors(Communicator& comm, int from) {
  std::vector<TensorState> tensors = parse_description(receive_text(comm, from));
  for (TensorState& tensor : tensors)
    for_each_vector(tensor, [&](const char*, std::vector<float>& v) {
      comm.receive(std::as_writable_bytes(std::span(v)), from);
    });
  return tensors;
}

// ---- The file, on rank 0.

void write_head(Hdf5File& file, Context& context) {
  file.write_attribute("/", "schema", std::string(kSchema));
  file.write_attribute("/", "schema_version", std::string(kVersion));
  file.write_attribute("/", "ranks", std::int64_t{context.comm().ranks()});
  file.write_attribute("/", "measured", std::int64_t{context.measured() ? 1 : 0});
  CostModel model = context.model();
  for (const ModelNumber& number : numbers_of(model)) file.write_attribute("/", number.name, *number.value);
}

void write_tensors(Hdf5File& file, int rank, std::vector<TensorState>& tensors) {
  file.make_group(group_of(rank));
  file.write_attribute(group_of(rank), "tensors", static_cast<std::int64_t>(tensors.size()));
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::string group = group_of(rank, i);
    file.make_group(group);
    file.write_attribute(group, "name", tensors[i].name);
    file.write_attribute(group, "count", tensors[i].count);
    file.write_attribute(group, "step", tensors[i].step);
    file.write_attribute(group, "error_feedback", std::string(tensors[i].feedback->name));
    for_each_vector(tensors[i], [&](const char* name, std::vector<float>& v) {
      if (!v.empty()) file.write(group + "/" + name, std::span<const float>(v));
    });
  }
}

void check_head(const Hdf5File& file, const Context& context, const char* path) {
  if (file.read_attribute<std::string>("/", "schema") != kSchema)
    throw Error(ErrorClass::io, std::string(path) + " is no state file", "Pliant_Comm_save_state writes them",
                "Pass a file that it wrote");
  const auto ranks = file.read_attribute<std::int64_t>("/", "ranks");
  if (ranks != context.ranks())
    throw Error(ErrorClass::io, std::string(path) + " was written by " + std::to_string(ranks) + " ranks",
                "residuals belong to ranks: as many must load them, here " + std::to_string(context.ranks()),
                "Start as many ranks as wrote it");
}

std::vector<TensorState> read_tensors(const Hdf5File& file, int rank) {
  std::vector<TensorState> tensors(
      static_cast<std::size_t>(file.read_attribute<std::int64_t>(group_of(rank), "tensors")));
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::string group = group_of(rank, i);
    tensors[i].name = file.read_attribute<std::string>(group, "name");
    tensors[i].count = file.read_attribute<std::int64_t>(group, "count");
    tensors[i].step = file.read_attribute<std::int64_t>(group, "step");
    tensors[i].prepare(find_error_feedback(file.read_attribute<std::string>(group, "error_feedback")));
    for_each_vector(tensors[i], [&](const char* name, std::vector<float>& v) {
      if (v.empty()) return;
      std::vector<float> read = file.read<float>(group + "/" + name);
      if (read.size() != v.size())
        throw Error(ErrorClass::io, group + "/" + name + " has " + std::to_string(read.size()) + " elements",
                    "must be count = " + std::to_string(tensors[i].count),
                    "The file is damaged: use another");
      v = std::move(read);
    });
  }
  return tensors;
}

/// A model of the file, on rank 0; nothing if none was measured when it was written.
std::optional<CostModel> read_model(const Hdf5File& file) {
  if (file.read_attribute<std::int64_t>("/", "measured") == 0) return std::nullopt;
  CostModel model;
  for (const ModelNumber& number : numbers_of(model))
    *number.value = file.read_attribute<double>("/", number.name);
  return model;
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
    alive->feedback = found->second.feedback;
    alive->memory = std::move(found->second.memory);
    alive->memory.outstanding = true;
    alive->step = found->second.step;
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
  std::optional<Error> failed;
  if (comm.rank() == 0)
    failed = attempt([&] {
      file = Hdf5File::open(path);
      check_head(*file, context, path);
      model = read_model(*file);
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
}

}  // namespace pliant
