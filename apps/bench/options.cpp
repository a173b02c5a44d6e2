#include "apps/bench/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <limits>
#include <utility>

#include "apps/bench/configuration.hpp"
#include "apps/support/command_line.hpp"

namespace pliant::bench {
namespace {

constexpr const char* kCuda = "cuda";

/// Options that stay text until all are read.
struct Words {
  std::string min_bytes = "16K";
  std::string max_bytes = "16M";
  std::string step_bytes;
  std::string datatype = "float";
  std::string op = "sum";
  std::string device = "host";
  bool json = false;
  bool csv = false;
  std::vector<std::string> counts = {"1M", "25600000", "100000000"};
  std::vector<std::string> device_counts = {"25600000"};
};

void add_sizes(CLI::App& app, Options& options, Words& words) {
  app.add_option("-b,--minbytes", words.min_bytes, "Smallest message [byte; K, M, G]")->capture_default_str();
  app.add_option("-e,--maxbytes", words.max_bytes, "Largest message [byte; K, M, G]")->capture_default_str();
  auto* const factor =
      app.add_option("-f,--stepfactor", options.step_factor, "Each size is the last one times this")
          ->check(CLI::Range(2, 1 << 20))
          ->capture_default_str();
  app.add_option("-i,--stepbytes", words.step_bytes, "Each size is the last one plus this")->excludes(factor);
}

std::string density_problem(const std::string& text) {
  double density = 0;
  if (CLI::detail::lexical_cast(text, density) && density > 0 && density <= 1) return {};
  return "density = " + text + " (must lie in (0, 1]). Pass k / count, for example 0.01";
}

void add_flags(CLI::App& app, Options& options, Words& words) {
  std::vector<std::string> names;
  for (const Element& element : elements()) names.emplace_back(element.name);
  app.add_option("-d,--datatype", words.datatype, "Element type")
      ->check(CLI::IsMember(names))
      ->capture_default_str();
  names.clear();
  for (const Operation& op : operations()) names.emplace_back(op.name);
  app.add_option("-o,--op", words.op, "Operation")->check(CLI::IsMember(names))->capture_default_str();
  app.add_option("-n,--iters", options.iterations, "Timed iterations")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  app.add_option("-w,--warmup_iters", options.warmup_iterations, "Iterations before those")
      ->check(CLI::Range(0, 1 << 20))
      ->capture_default_str();
  app.add_option("-c,--check", options.check, "0: do not check results")->capture_default_str();
  app.add_option("--algorithm", options.algorithms, algorithm_help())->delimiter(',')->capture_default_str();
  app.add_option("--density", options.densities, "Fraction of elements lossy algorithms keep; one or several")
      ->delimiter(',')
      ->check(density_problem)
      ->capture_default_str();
  app.add_flag("--error-feedback", options.error_feedback,
               "Lossy algorithms keep residuals (ef14); then rel_err is of one step within a sequence");
  app.add_option("--seed", options.seed, "Of the inputs")->capture_default_str();
  app.add_option(
         "--device", words.device,
         "Where the messages, or the vectors of --kernels, are: host, or cuda (a GPU's memory: device rank "
         "on the host modulo devices)")
      ->check(CLI::IsMember({"host", kCuda}))
      ->capture_default_str();
  auto* const json = app.add_flag("--json", words.json, "One JSON object on stdout");
  app.add_flag("--csv", words.csv, "One heading and one line a result on stdout")->excludes(json);
}

std::string overlap_tests_problem(const std::string& text) {
  int tests = 0;
  if (CLI::detail::lexical_cast(text, tests) && tests >= 0 && tests <= 1 << 20) return {};
  return "tests = " + text +
         " (must be a whole number in [0, 1048576]). Pass the calls of Test during one computation; 0, with "
         "PLIANT_PROGRESS_THREAD=1, leaves progress to the thread";
}

void add_overlap(CLI::App& app, Options& options) {
  auto* const flag =
      app.add_flag("--overlap", options.overlap,
                   "Nonblocking messages (MPI_Iallreduce for mpi), and how much of a computation as long as "
                   "the message is hidden behind it: (comm + compute - both) / min(comm, compute)");
  app.add_option("--overlap-tests", options.overlap_tests, "Calls of Test during the computation; 0: none")
      ->check(overlap_tests_problem)
      ->needs(flag)
      ->capture_default_str();
}

void add_kernels(CLI::App& app, Options& options, Words& words) {
  KernelOptions& kernels = options.kernels;
  auto* const flag =
      app.add_flag("--kernels", options.time_kernels,
                   "Time the inner loops on this process alone, against `residual += gradient`. "
                   "With --json one object a line; -n, --density and --seed hold here too")
          ->excludes("--overlap");
  app.add_option("--counts", words.counts, "Elements of a vector [K, M, G: powers of 1024]; one or several")
      ->delimiter(',')
      ->needs(flag)
      ->capture_default_str();
  app.add_option("--kernel", kernels.kernels, "Beginnings of kernels' names; default: all")
      ->delimiter(',')
      ->needs(flag);
  app.add_option("--input", kernels.inputs, "Inputs; default: all")
      ->delimiter(',')
      ->check(CLI::IsMember(kernel_input_names()))
      ->needs(flag);
  app.add_option("--threads", kernels.threads, "Threads; one or several")
      ->delimiter(',')
      ->check(CLI::Range(1, 64))
      ->needs(flag)
      ->capture_default_str();
  app.add_option("--batch", kernels.batch,
                 "With --device cuda: kernels timed together, without a wait of the host")
      ->check(CLI::Range(1, 1 << 20))
      ->needs(flag)
      ->capture_default_str();
  app.add_option("--table", kernels.table, "Kernel table, as PLIANT_KERNELS names it")
      ->needs(flag)
      ->capture_default_str();
}

/// Refuses batches for the host, and tables and threads for a device.
void check_place_of_kernels(const CLI::App& app, const Words& words) {
  const bool cuda = words.device == kCuda;
  for (const auto& [option, refused] :
       {std::pair{"--table", cuda}, std::pair{"--threads", cuda}, std::pair{"--batch", !cuda}})
    if (refused && app.count(option) > 0)
      throw CLI::ValidationError(option, std::string(option) + " with --device " + words.device + " (is of " +
                                             (cuda ? "the host's kernels" : "a device's kernels") +
                                             "). Leave one of them out");
}

void resolve_kernels(const CLI::App& app, const Words& words, Options& options) {
  KernelOptions& kernels = options.kernels;
  kernels.counts.clear();
  const bool few = options.on_device && app.count("--counts") == 0;
  for (const std::string& text : few ? words.device_counts : words.counts)
    kernels.counts.push_back(apps::parse_bytes("--counts", text));
  for (const std::int64_t count : kernels.counts)
    if (count < 1 || count > std::int64_t{1} << 32)
      throw CLI::ValidationError(
          "--counts",
          "count = " + std::to_string(count) + " (must lie in [1, 2^32]: indices have 32 bits). Correct it");
  if (app.count("--density") > 0) kernels.densities = options.densities;
  if (app.count("--iters") > 0) kernels.iterations = options.iterations;
  kernels.seed = options.seed;
  kernels.json = words.json;
}

template <class Named>
const Named* find(std::span<const Named> list, const std::string& name) {
  return &*std::find_if(list.begin(), list.end(), [&](const Named& entry) { return entry.name == name; });
}

void check_sizes(const Options& options) {
  const auto refuse = [](const char* option, const std::string& text) {
    throw CLI::ValidationError(option, text);
  };
  if (options.min_bytes < options.element->bytes)
    refuse("--minbytes", "size = " + std::to_string(options.min_bytes) + " (must hold one element of " +
                             std::to_string(options.element->bytes) + " bytes). Pass more");
  if (options.max_bytes < options.min_bytes)
    refuse("--maxbytes", "size = " + std::to_string(options.max_bytes) + " (must be at least --minbytes, " +
                             std::to_string(options.min_bytes) + "). Correct one of them");
  if (options.max_bytes / options.element->bytes > std::numeric_limits<int>::max())
    refuse("--maxbytes", "size = " + std::to_string(options.max_bytes) +
                             " (MPI_Allreduce counts elements by an int). Pass at most 2147483647 elements");
}

void resolve(const Words& words, Options& options) {
  options.element = find(elements(), words.datatype);
  options.op = find(operations(), words.op);
  options.min_bytes = apps::parse_bytes("--minbytes", words.min_bytes);
  options.max_bytes = apps::parse_bytes("--maxbytes", words.max_bytes);
  if (!words.step_bytes.empty()) {
    options.step_bytes = apps::parse_bytes("--stepbytes", words.step_bytes);
    if (options.step_bytes < options.element->bytes)
      throw CLI::ValidationError(
          "--stepbytes", "size = " + words.step_bytes + " (must hold at least one element). Pass more");
  }
  check_sizes(options);
  options.on_device = words.device == kCuda;
  if (words.json) options.format = Format::json;
  if (words.csv) options.format = Format::csv;
  check_algorithms(options);
}

}  // namespace

std::vector<std::int64_t> Options::counts() const {
  std::vector<std::int64_t> counts;
  for (std::int64_t bytes = min_bytes; bytes <= max_bytes;) {
    counts.push_back(bytes / element->bytes);
    if (step_bytes == 0 && bytes > max_bytes / step_factor) break;
    bytes = step_bytes > 0 ? bytes + step_bytes : bytes * step_factor;
  }
  return counts;
}

std::optional<int> parse_options(int argc, const char* const* argv, int rank, Options& options) {
  CLI::App app("Times Pliant's allreduce algorithms and MPI_Allreduce side by side", "pliant_bench");
  Words words;
  add_sizes(app, options, words);
  add_flags(app, options, words);
  add_overlap(app, options);
  add_kernels(app, options, words);
  app.callback([&] {
    resolve(words, options);
    check_place_of_kernels(app, words);
    resolve_kernels(app, words, options);
  });
  return apps::parse(app, argc, argv, rank == 0);
}

}  // namespace pliant::bench
