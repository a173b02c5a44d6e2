#include "runtime/state/state_file.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>

#include "core/error.hpp"
#include "runtime/state/policy_file.hpp"

namespace pliant {
namespace {

constexpr const char* kSchema = "pliant-state";
constexpr const char* kVersion = "1.3";
constexpr const char* kMajor = "1.";
constexpr double kMostNumber = 1e6;  ///< upper bound of every number of a cost model, whatever its unit

std::string group_of(int rank) {
  return "/ranks/" + std::to_string(rank);
}
std::string blocking_group_of(int rank) {
  return group_of(rank) + "/blocking";
}

/// Files before version 1.3 have no attribute `outstanding`.
bool says_outstanding(const Hdf5File& file) {
  const auto version = file.read_attribute<std::string>("/", "schema_version");
  return version != "1.0" && version != "1.1" && version != "1.2";
}

void check_model(CostModel& model) {
  for (const ModelNumber& number : numbers_of(model))
    if (!(*number.value >= 0) || *number.value > kMostNumber)
      throw damaged(quoted(number.name, std::to_string(*number.value)), "must lie in [0, 1e6]");
  for (const Calibration* calibration : {&model.mpi, &model.rabenseifner})
    for (const double factor : calibration->factor)
      if (factor == 0) throw damaged("a factor of a formula is 0", "it multiplies a time");
}

void write_tensor(Hdf5File& file, const std::string& group, const TensorState& tensor) {
  file.make_group(group);
  file.write_attribute(group, "name", tensor.name);
  file.write_attribute(group, "count", tensor.count);
  file.write_attribute(group, "step", tensor.step);
  file.write_attribute(group, "error_feedback", std::string(tensor.feedback->name));
  file.write_attribute(group, "outstanding", std::int64_t{tensor.memory.outstanding ? 1 : 0});
  for_each_vector(tensor.memory, [&](const char* name, const std::vector<float>& v) {
    if (!v.empty()) file.write(group + "/" + name, std::span<const float>(v));
  });
  write_policy(file, group + "/policy", tensor.policy);
}

TensorState read_tensor(const Hdf5File& file, const std::string& group) {
  TensorState tensor;
  tensor.name = file.read_attribute<std::string>(group, "name");
  tensor.count = file.read_attribute<std::int64_t>(group, "count");
  tensor.step = file.read_attribute<std::int64_t>(group, "step");
  if (tensor.count < 1 || tensor.step < 0)
    throw damaged(
        group + " has count = " + std::to_string(tensor.count) + " and step = " + std::to_string(tensor.step),
        "count >= 1, step >= 0");
  const ErrorFeedback& feedback =
      find_error_feedback(file.read_attribute<std::string>(group, "error_feedback"));
  // Read the residual before prepare() allocates, so that a wrong count cannot allocate too much.
  std::vector<float> residual = file.read<float>(group + "/residual");
  const auto check = [&](const char* name, const std::vector<float>& read) {
    if (static_cast<std::int64_t>(read.size()) != tensor.count)
      throw damaged(group + "/" + name + " has " + std::to_string(read.size()) + " elements",
                    "must be count = " + std::to_string(tensor.count));
  };
  check("residual", residual);
  tensor.prepare(feedback);
  tensor.memory.residual = std::move(residual);
  for_each_vector(tensor.memory, [&](const char* name, std::vector<float>& v) {
    if (v.empty() || &v == &tensor.memory.residual) return;
    v = file.read<float>(group + "/" + name);
    check(name, v);
  });
  tensor.memory.outstanding =
      !says_outstanding(file) || file.read_attribute<std::int64_t>(group, "outstanding") != 0;
  read_policy(file, group + "/policy", tensor.count, tensor.policy);
  return tensor;
}

void write_all(Hdf5File& file, const std::string& group, const std::vector<TensorState>& tensors) {
  file.make_group(group);
  file.write_attribute(group, "tensors", static_cast<std::int64_t>(tensors.size()));
  for (std::size_t i = 0; i < tensors.size(); ++i)
    write_tensor(file, group + "/" + std::to_string(i), tensors[i]);
}

std::vector<TensorState> read_all(const Hdf5File& file, const std::string& group) {
  const auto written = file.read_attribute<std::int64_t>(group, "tensors");
  if (written < 0) throw damaged(group + " has tensors = " + std::to_string(written), "must be >= 0");
  std::vector<TensorState> tensors;
  for (std::int64_t i = 0; i < written; ++i)
    tensors.push_back(read_tensor(file, group + "/" + std::to_string(i)));
  return tensors;
}

/// The state of a tensor that must be equal on all ranks, as text.
std::string describe(const std::vector<TensorState>& tensors, std::size_t index) {
  if (index >= tensors.size()) return "no tensor " + std::to_string(index);
  const TensorState& tensor = tensors[index];
  return "'" + tensor.name + "' of " + std::to_string(tensor.count) + " elements after " +
         std::to_string(tensor.step) + " steps by " + std::string(tensor.feedback->name) +
         (tensor.memory.outstanding ? ", with" : ", without") + " a residual";
}

void check_consistency(const std::vector<TensorState>& of_rank_0, const std::vector<TensorState>& of_rank,
                       int rank, const char* path) {
  for (std::size_t i = 0; i < std::max(of_rank_0.size(), of_rank.size()); ++i) {
    const std::string first = describe(of_rank_0, i);
    const std::string other = describe(of_rank, i);
    if (first == other) continue;
    throw Error(ErrorClass::io,
                std::string(path) + " is to hold " + first + " of rank 0, but " + other + " of rank " +
                    std::to_string(rank),
                "ranks agree on each tensor's name, count, steps and error feedback",
                "Save where all ranks have made, freed and completed the same requests");
  }
}

}  // namespace

Error damaged(const std::string& what, const std::string& rule) {
  return Error(ErrorClass::io, what, rule, "The file is damaged: use another");
}

void write_head(Hdf5File& file, Context& context) {
  file.write_attribute("/", "schema", std::string(kSchema));
  file.write_attribute("/", "schema_version", std::string(kVersion));
  file.write_attribute("/", "ranks", std::int64_t{context.comm().ranks()});
  file.write_attribute("/", "measured", std::int64_t{context.measured() ? 1 : 0});
  CostModel model = context.model();
  for (const ModelNumber& number : numbers_of(model)) file.write_attribute("/", number.name, *number.value);
}

void check_head(const Hdf5File& file, int ranks, const char* path) {
  if (file.read_attribute<std::string>("/", "schema") != kSchema)
    throw Error(ErrorClass::io, std::string(path) + " is no state file", "Pliant_Comm_save_state writes them",
                "Pass a file that it wrote");
  const auto version = file.read_attribute<std::string>("/", "schema_version");
  if (!version.starts_with(kMajor))
    throw Error(ErrorClass::io, std::string(path) + " is of version " + version,
                std::string("this Pliant reads versions ") + kMajor + "x",
                "Load it with the Pliant of its version");
  const auto wrote = file.read_attribute<std::int64_t>("/", "ranks");
  if (wrote != ranks)
    throw Error(ErrorClass::io, std::string(path) + " was written by " + std::to_string(wrote) + " ranks",
                "residuals belong to ranks: as many must load them, here " + std::to_string(ranks),
                "Start as many ranks as wrote it");
}

std::optional<CostModel> read_model(const Hdf5File& file) {
  if (file.read_attribute<std::int64_t>("/", "measured") == 0) return std::nullopt;
  CostModel model;
  for (const ModelNumber& number : numbers_of(model))
    *number.value = file.read_attribute<double>("/", number.name);
  check_model(model);
  return model;
}

void write_tensors(Hdf5File& file, int rank, const SavedTensors& tensors) {
  write_all(file, group_of(rank), tensors.of_requests);
  if (!tensors.of_blocking_calls.empty()) write_all(file, blocking_group_of(rank), tensors.of_blocking_calls);
}

SavedTensors read_tensors(const Hdf5File& file, int rank) {
  SavedTensors tensors;
  tensors.of_requests = read_all(file, group_of(rank));
  if (file.exists(blocking_group_of(rank)))
    tensors.of_blocking_calls = read_all(file, blocking_group_of(rank));
  return tensors;
}

void check_consistency(const SavedTensors& of_rank_0, const SavedTensors& of_rank, int rank,
                       const char* path) {
  std::set<std::string_view> names;
  for (const TensorState& tensor : of_rank_0.of_requests)
    if (!names.insert(tensor.name).second)
      throw Error(ErrorClass::io, std::string(path) + " is to hold two tensors named '" + tensor.name + "'",
                  "names of requests are unique", "Give each request a pliant_name of its own");
  check_consistency(of_rank_0.of_requests, of_rank.of_requests, rank, path);
  check_consistency(of_rank_0.of_blocking_calls, of_rank.of_blocking_calls, rank, path);
}

}  // namespace pliant
