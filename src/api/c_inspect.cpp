// The C interface: inspection functions, which work without MPI_Init.
#include <pliant/pliant.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <string_view>

#include "api/report.hpp"
#include "collectives/device/staging.hpp"
#include "collectives/registry.hpp"
#include "compress/index_codec.hpp"
#include "compress/speed.hpp"
#include "compress/topk.hpp"
#include "compress/value_codec.hpp"
#include "core/config.hpp"
#include "core/environment.hpp"
#include "core/error.hpp"
#include "core/monotonic.hpp"
#include "kernels/cuda/calls.hpp"
#include "kernels/cuda/nccl_calls.hpp"
#include "kernels/kernels.hpp"
#include "mpi/cuda_aware.hpp"
#include "mpi/locality.hpp"
#include "planner/decision.hpp"
#include "planner/papers.hpp"
#include "planner/plan.hpp"
#include "runtime/guard.hpp"
#include "trace/hdf5_file.hpp"

namespace {

using namespace pliant;

/// Writes the error to stderr and returns its code: before MPI_Init there is no error handler.
int refuse(const Error& error) {
  std::fputs((std::string("pliant: ") + error.what() + "\n").c_str(), stderr);
  return error.error_class() == ErrorClass::info_value ? MPI_ERR_INFO_VALUE : MPI_ERR_ARG;
}

int refuse_index(const char* what, int index, std::size_t count) {
  return refuse(Error(ErrorClass::argument, std::string(what) + " = " + std::to_string(index),
                      "must lie in [0, " + std::to_string(count) + ")", "Ask for the number first"));
}

/// `what` is the name of the output argument.
int refuse_null(const char* what) {
  return refuse(Error(ErrorClass::argument, std::string(what) + " is NULL", "it receives the answer",
                      "Pass its address"));
}

int give_number(int* n, std::size_t number) {
  if (n == nullptr) return refuse_null("n");
  *n = static_cast<int>(number);
  return MPI_SUCCESS;
}

bool in_range(int index, std::size_t count) {
  return index >= 0 && static_cast<std::size_t>(index) < count;
}

void check_value(const SettingRow& row, const std::string& text) {
  if (row.apply_process != nullptr) {
    ProcessSettings scratch;
    row.apply_process(scratch, row, text);
    choose_kernels(scratch.kernels.empty() ? "auto" : scratch.kernels);
  } else {
    look_up({{}, {{row.key, text}}});
  }
}

std::string cuda_version() {
  const cuda::Calls* const calls = cuda::calls();
  if (calls == nullptr) return "no CUDA";
  const int version = calls->runtime_version;
  return "CUDA " + std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

std::string nccl_version() {
  const cuda::NcclCalls* const calls = cuda::nccl_calls();
  if (calls == nullptr) return "no NCCL";
  const int version = calls->version;
  return "NCCL " + std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
         std::to_string(version % 100);
}

/// Fills in the driver's version and the number of devices. With no device, sets `problem` to the reason.
void find_devices(const cuda::Calls& calls, Pliant_Device_support& support) {
  support.cuda_runtime = calls.runtime_version;
  if (calls.driver_version(&support.cuda_driver) != 0) support.cuda_driver = 0;
  const int code = calls.get_device_count(&support.devices);
  if (code != 0) support.devices = 0;
  if (support.devices > 0) return;
  support.problem = code != 0 ? calls.get_error_string(code) : "CUDA finds no device";
}

const char* scenario_problem(const Pliant_Scenario& scenario) {
  if (scenario.ranks < 1) return "ranks must be >= 1";
  if (!(scenario.alpha_s >= 0) || std::isinf(scenario.alpha_s)) return "alpha must be >= 0 seconds";
  if (!(scenario.beta_s_per_byte >= 0) || std::isinf(scenario.beta_s_per_byte))
    return "bandwidth must be > 0";
  if (scenario.count < 1) return "count must be >= 1";
  if (!(scenario.density > 0) || scenario.density > 1) return "density must lie in (0, 1]";
  return nullptr;
}

}  // namespace

extern "C" {

int Pliant_Setting_get_num(int* n) {
  return give_number(n, setting_rows().size());
}

int Pliant_Setting_get_info(int index, Pliant_Setting* setting) {
  if (!in_range(index, setting_rows().size())) return refuse_index("setting", index, setting_rows().size());
  if (setting == nullptr) return refuse_null("setting");
  const SettingRow& row = setting_rows()[static_cast<std::size_t>(index)];
  *setting = {row.key, row.environment, row.default_value, row.values, row.unit, row.meaning};
  return MPI_SUCCESS;
}

int Pliant_Setting_get_value(int index, char* value, int room, const char** source) {
  if (!in_range(index, setting_rows().size())) return refuse_index("setting", index, setting_rows().size());
  if (value == nullptr || room < 1 || source == nullptr)
    return refuse(Error(ErrorClass::argument, "no room for the value", "value has room >= 1 characters",
                        "Pass a buffer, its length and a place for the source"));
  const SettingRow& row = setting_rows()[static_cast<std::size_t>(index)];
  const auto set = environment_value(row.environment);
  const std::string text = set.value_or(row.default_value);
  value[text.copy(value, static_cast<std::size_t>(room) - 1)] = '\0';
  *source = set ? "environment" : "default";
  const auto refused = attempt([&] { check_value(row, text); });
  return refused ? refuse(*refused) : MPI_SUCCESS;
}

int Pliant_Algorithm_get_num(int* n) {
  return give_number(n, algorithms().size());
}

int Pliant_Algorithm_get_info(int index, Pliant_Entry* entry) {
  if (entry == nullptr) return refuse_null("entry");
  if (!in_range(index, algorithms().size())) return refuse_index("algorithm", index, algorithms().size());
  const AllreduceAlgorithm& algorithm = *algorithms()[static_cast<std::size_t>(index)];
  const bool host = can_lie_in(Memory::host, algorithm);
  const bool device = can_lie_in(Memory::device, algorithm);
  *entry = {algorithm.name.data(), algorithm.summary.data(), algorithm.exact ? 1 : 0,
            (host ? PLIANT_HOST_MEMORY : 0) + (device ? PLIANT_DEVICE_MEMORY : 0)};
  return MPI_SUCCESS;
}

int Pliant_Kernels_get_num(int* n) {
  return give_number(n, kernel_tables().size());
}

int Pliant_Kernels_get_info(int index, Pliant_Entry* entry) {
  if (entry == nullptr) return refuse_null("entry");
  if (!in_range(index, kernel_tables().size())) return refuse_index("kernels", index, kernel_tables().size());
  const Kernels& table = *kernel_tables()[static_cast<std::size_t>(index)];
  *entry = {table.name.data(), table.summary.data(), table.usable() ? 1 : 0, 0};
  return MPI_SUCCESS;
}

int Pliant_Index_codec_get_num(int* n) {
  return give_number(n, index_codecs().size());
}

int Pliant_Index_codec_get_info(int index, Pliant_Entry* entry) {
  if (entry == nullptr) return refuse_null("entry");
  if (!in_range(index, index_codecs().size()))
    return refuse_index("index codec", index, index_codecs().size());
  const IndexCodec& codec = *index_codecs()[static_cast<std::size_t>(index)];
  *entry = {codec.name.data(), codec.summary.data(), 1, 0};
  return MPI_SUCCESS;
}

int Pliant_Value_codec_get_num(int* n) {
  return give_number(n, value_codecs().size());
}

int Pliant_Value_codec_get_info(int index, Pliant_Entry* entry) {
  if (entry == nullptr) return refuse_null("entry");
  if (!in_range(index, value_codecs().size()))
    return refuse_index("value codec", index, value_codecs().size());
  const ValueCodec& codec = *value_codecs()[static_cast<std::size_t>(index)];
  *entry = {codec.name.data(), codec.summary.data(), codec.lossy ? 0 : 1, 0};
  return MPI_SUCCESS;
}

const char* Pliant_Get_library_version(void) {
  static const std::string text = std::to_string(PLIANT_VERSION_MAJOR) + "." +
                                  std::to_string(PLIANT_VERSION_MINOR) + "." +
                                  std::to_string(PLIANT_VERSION_PATCH) + " (" + hdf5_version() + ", " +
                                  hwloc_version() + ", " + cuda_version() + ", " + nccl_version() + ")";
  return text.c_str();
}

int Pliant_Get_device_support(Pliant_Device_support* support) {
  if (support == nullptr || support->size < sizeof(Pliant_Device_support))
    return refuse(Error(ErrorClass::argument, "support is NULL or its size is not set",
                        "size must be sizeof(Pliant_Device_support)", "Set it"));
  *support = {.size = support->size,
              .cuda_runtime = 0,
              .cuda_driver = 0,
              .nccl = cuda::nccl_calls() == nullptr ? 0 : cuda::nccl_calls()->version,
              .devices = 0,
              .mpi_cuda_aware = mpi_reads_device_memory() ? 1 : 0,
              .problem = "built without CUDA"};
  if (const cuda::Calls* const calls = cuda::calls(); calls != nullptr) {
    support->problem = "";
    find_devices(*calls, *support);
  }
  return MPI_SUCCESS;
}

int Pliant_Explain(const Pliant_Scenario* scenario, int max, Pliant_Report reports[], int* n) {
  if (scenario == nullptr || scenario->size < sizeof(Pliant_Scenario))
    return refuse(Error(ErrorClass::argument, "scenario is NULL or its size is not set",
                        "size must be sizeof(Pliant_Scenario)", "Set all members"));
  if (const char* rule = scenario_problem(*scenario))
    return refuse(Error(ErrorClass::argument, "the scenario cannot be", rule, "Correct it"));
  CostModel model{{scenario->alpha_s, scenario->beta_s_per_byte}, {}};
  AllreduceShape shape{{.ranks = scenario->ranks}, {.count = scenario->count}};
  shape.kept = kept_count(shape.count, scenario->density);
  Decision decision;
  decision.lossy_kept = shape.kept;
  if (scenario->paper_model != 0) {
    decision.candidates = papers::rank(shape, AlgorithmFilter(), model.link);
  } else {
    model.compute = measure_compute(choose_kernels("auto"), monotonic_s);
    shape.index_codec = nullptr;
    decision.candidates = rank_described(shape, true, model);
  }
  const auto failed = attempt([&] { write_plan(decision, shape, model, max, reports, n); });
  return failed ? refuse(*failed) : MPI_SUCCESS;
}

}  // extern "C"
