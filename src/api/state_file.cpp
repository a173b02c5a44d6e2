#include "api/state_file.hpp"

#include <cmath>

#include "api/policy_file.hpp"
#include "core/error.hpp"

namespace pliant {
namespace {

constexpr const char* kSchema = "pliant-state";
constexpr const char* kVersion = "1.2";
constexpr const char* kMajor = "1.";
constexpr double kMostNumber = 1e6;  ///< no number of a cost model is more, whatever its unit

std::string group_of(int rank) {
  return "/ranks/" + std::to_string(rank);
}
std::string group_of(int rank, std::size_t index) {
  return group_of(rank) + "/" + std::to_string(index);
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
  for_each_vector(tensor.memory, [&](const char* name, const std::vector<float>& v) {
    if (!v.empty()) file.write(group + "/" + name, std::span<const float>(v));
  });
  write_policy(file, group + "/policy", tensor.policy);
  write_quality(file, group + "/quality", tensor.quality);
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
  // What was written first, so that no count makes room for what is not there.
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
  read_policy(file, group + "/policy", tensor.count, tensor.policy);
  read_quality(file, group + "/quality", tensor.quality);
  return tensor;
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

void write_tensors(Hdf5File& file, int rank, const std::vector<TensorState>& tensors) {
  file.make_group(group_of(rank));
  file.write_attribute(group_of(rank), "tensors", static_cast<std::int64_t>(tensors.size()));
  for (std::size_t i = 0; i < tensors.size(); ++i) write_tensor(file, group_of(rank, i), tensors[i]);
}

std::vector<TensorState> read_tensors(const Hdf5File& file, int rank) {
  const auto written = file.read_attribute<std::int64_t>(group_of(rank), "tensors");
  if (written < 0)
    throw damaged(group_of(rank) + " has tensors = " + std::to_string(written), "must be >= 0");
  std::vector<TensorState> tensors;
  for (std::int64_t i = 0; i < written; ++i)
    tensors.push_back(read_tensor(file, group_of(rank, static_cast<std::size_t>(i))));
  return tensors;
}

}  // namespace pliant
