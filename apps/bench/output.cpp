#include "apps/bench/output.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

namespace pliant::bench {
namespace {

using Json = nlohmann::ordered_json;

struct Column {
  const char* name;     ///< name in CSV
  const char* heading;  ///< heading of the table, with the unit
  int width;            ///< of the table's column; negative: left-aligned. 0: in CSV only
  int digits;           ///< significant digits in the table
  Json (*value)(const Result&);
};

template <class Number>
Json optional(const std::optional<Number>& number) {
  return number ? Json(*number) : Json();
}

constexpr std::array kColumns = {
    Column{"size", "size(B)", 11, 0, [](const Result& r) { return Json(r.bytes); }},
    Column{"count", "count", 11, 0, [](const Result& r) { return Json(r.count); }},
    Column{"type", "type", 6, 0, [](const Result& r) { return Json(r.type); }},
    Column{"redop", "redop", 5, 0, [](const Result& r) { return Json(r.redop); }},
    Column{"requested", "requested", -17, 0, [](const Result& r) { return Json(r.requested); }},
    Column{"requested_density", "", 0, 0, [](const Result& r) { return optional(r.requested_density); }},
    Column{"algorithm", "algorithm", -17, 0, [](const Result& r) { return Json(r.algorithm); }},
    Column{"density", "density", 8, 4, [](const Result& r) { return Json(r.density); }},
    Column{"exact", "", 0, 0, [](const Result& r) { return Json(r.exact); }},
    Column{"median_us", "median(us)", 10, 5, [](const Result& r) { return Json(r.time.median_us); }},
    Column{"p95_us", "p95(us)", 9, 5, [](const Result& r) { return Json(r.time.p95_us); }},
    Column{"min_us", "min(us)", 9, 5, [](const Result& r) { return Json(r.time.min_us); }},
    Column{"max_us", "max(us)", 9, 5, [](const Result& r) { return Json(r.time.max_us); }},
    Column{"algbw_gbs", "algbw(GB/s)", 11, 4, [](const Result& r) { return Json(r.algbw_gbs); }},
    Column{"busbw_gbs", "busbw(GB/s)", 11, 4, [](const Result& r) { return Json(r.busbw_gbs); }},
    Column{"predicted_us", "predicted(us)", 13, 5, [](const Result& r) { return optional(r.predicted_us); }},
    Column{"predicted_over_measured", "pred/meas", 9, 3,
           [](const Result& r) { return optional(r.predicted_over_measured()); }},
    Column{"alpha_us", "", 0, 0, [](const Result& r) { return optional(r.alpha_us); }},
    Column{"beta_ns_per_byte", "", 0, 0, [](const Result& r) { return optional(r.beta_ns_per_byte); }},
    Column{"compress_us", "", 0, 0, [](const Result& r) { return optional(r.compress_us); }},
    Column{"wire_bytes", "wire(B)", 11, 0, [](const Result& r) { return optional(r.wire_bytes); }},
    Column{"rel_err", "rel_err", 8, 3, [](const Result& r) { return optional(r.rel_err); }},
    Column{"wrong", "#wrong", 6, 0, [](const Result& r) { return optional(r.wrong); }},
    Column{"speedup", "speedup", 7, 3, [](const Result& r) { return optional(r.speedup); }},
};

/// Last columns of a run with --overlap; every result has them.
constexpr std::array kOverlapColumns = {
    Column{"hidden", "hidden", 7, 3, [](const Result& r) { return optional(r.overlap->hidden()); }},
    Column{"tests", "tests", 6, 0, [](const Result& r) { return Json(r.overlap->tests); }},
    Column{"comm_us", "comm(us)", 9, 5, [](const Result& r) { return Json(r.overlap->comm_us); }},
    Column{"compute_us", "compute(us)", 11, 5, [](const Result& r) { return Json(r.overlap->compute_us); }},
    Column{"both_us", "both(us)", 9, 5, [](const Result& r) { return Json(r.overlap->both_us); }},
};

std::vector<Column> columns(const Options& options) {
  std::vector<Column> columns(kColumns.begin(), kColumns.end());
  if (options.overlap) columns.insert(columns.end(), kOverlapColumns.begin(), kOverlapColumns.end());
  return columns;
}

std::string cell(const Json& value, const Column& column) {
  if (value.is_null()) return "-";
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_number_float()) return value.dump();
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.*g", column.digits, value.get<double>());
  return text.data();
}

std::string aligned(const std::string& text, int width) {
  const auto room = static_cast<std::size_t>(std::abs(width));
  const std::string blanks(text.size() < room ? room - text.size() : 0, ' ');
  return width < 0 ? text + blanks : blanks + text;
}

/// Prints one line of the table; `text` formats a column's cell.
template <class Text>
void print_line(std::ostream& out, const char* first, std::span<const Column> columns, Text&& text) {
  out << first;
  for (const Column& column : columns)
    if (column.width != 0) out << "  " << aligned(text(column), column.width);
  out << "\n";
}

/// "node1 x 4, node2 x 4"
std::string host_list(const std::vector<std::string>& hosts) {
  std::map<std::string, int> ranks;
  for (const std::string& host : hosts) ++ranks[host];
  std::string list;
  for (const auto& [host, n] : ranks)
    list.append(list.empty() ? "" : ", ").append(host).append(" x ").append(std::to_string(n));
  return list;
}

std::string sizes_text(const Options& options) {
  return "minBytes " + std::to_string(options.min_bytes) + " maxBytes " + std::to_string(options.max_bytes) +
         (options.step_bytes > 0 ? " step: " + std::to_string(options.step_bytes) + "(bytes)"
                                 : " step: " + std::to_string(options.step_factor) + "(factor)");
}

void print_table_head(std::ostream& out, const Options& options, const Session& session) {
  out << "# pliant " << session.version << "\n# MPI: " << session.mpi << "\n# Ranks: " << session.ranks
      << " (" << host_list(session.hosts) << "), pinning unknown\n"
      << "# " << sizes_text(options) << " warmup iters: " << options.warmup_iterations
      << " iters: " << options.iterations << " validation: " << (options.check ? 1 : 0)
      << " seed: " << options.seed << " error feedback: " << (options.error_feedback ? "ef14" : "none")
      << "\n# Buffers: " << session.buffers << "\n"
      << "# Time of an iteration: the slowest rank's. Configurations take turns in every iteration.\n";
  if (options.overlap)
    out << "# hidden: (comm + compute - both) / min(comm, compute) of nonblocking messages; tests: "
        << options.overlap_tests << "\n";
  out << "#\n";
  print_line(out, "#", columns(options), [](const Column& column) { return std::string(column.heading); });
}

Json result_json(const Result& result) {
  Json row = {{"size", result.bytes},
              {"count", result.count},
              {"type", result.type},
              {"redop", result.redop},
              {"requested", result.requested},
              {"requested_density", optional(result.requested_density)},
              {"algorithm", result.algorithm},
              {"density", result.density},
              {"exact", result.exact},
              {"time_us",
               {{"median", result.time.median_us},
                {"p95", result.time.p95_us},
                {"min", result.time.min_us},
                {"max", result.time.max_us}}},
              {"algbw_gbs", result.algbw_gbs},
              {"busbw_gbs", result.busbw_gbs},
              {"predicted_us", optional(result.predicted_us)},
              {"alpha_us", optional(result.alpha_us)},
              {"beta_ns_per_byte", optional(result.beta_ns_per_byte)},
              {"compress_us", optional(result.compress_us)},
              {"wire_bytes", optional(result.wire_bytes)},
              {"rel_err", optional(result.rel_err)},
              {"wrong", optional(result.wrong)},
              {"speedup", optional(result.speedup)}};
  if (result.overlap)
    for (const Column& column : kOverlapColumns) row[column.name] = column.value(result);
  return row;
}

Json config_json(const Options& options) {
  return {{"minbytes", options.min_bytes},
          {"maxbytes", options.max_bytes},
          {"stepfactor", options.step_factor},
          {"stepbytes", options.step_bytes},
          {"iters", options.iterations},
          {"warmup_iters", options.warmup_iterations},
          {"datatype", options.element->name},
          {"op", options.op->name},
          {"check", options.check},
          {"algorithm", options.algorithms},
          {"density", options.densities},
          {"error_feedback", options.error_feedback ? "ef14" : "none"},
          {"seed", options.seed},
          {"device", options.on_device ? "cuda" : "host"},
          {"overlap", options.overlap},
          {"overlap_tests", options.overlap_tests}};
}

void print_json(std::ostream& out, const Options& options, const Session& session,
                std::span<const Result> results) {
  Json rows = Json::array();
  for (const Result& result : results) rows.push_back(result_json(result));
  const Summary summary = summarise(results);
  const Json all = {
      {"version", session.version},
      {"mpi", session.mpi},
      {"ranks", session.ranks},
      {"hosts", session.hosts},
      {"buffers", session.buffers},
      {"config", config_json(options)},
      {"results", std::move(rows)},
      {"out_of_bounds", {{"count", summary.out_of_bounds}, {"okay", summary.out_of_bounds == 0}}},
      {"average_bus_bandwidth", summary.average_busbw_gbs}};
  out << all.dump(2) << "\n";
}

}  // namespace

void print_head(std::ostream& out, const Options& options, const Session& session) {
  if (options.format == Format::table) print_table_head(out, options, session);
  if (options.format != Format::csv) return;
  const char* separator = "";
  for (const Column& column : columns(options)) out << std::exchange(separator, ",") << column.name;
  out << std::endl;
}

void print_results(std::ostream& out, const Options& options, std::span<const Result> results) {
  const std::vector<Column> shown = columns(options);
  for (const Result& result : results) {
    if (options.format == Format::table)
      print_line(out, " ", shown, [&](const Column& column) { return cell(column.value(result), column); });
    if (options.format != Format::csv) continue;
    const char* separator = "";
    for (const Column& column : shown) {
      const Json value = column.value(result);
      out << std::exchange(separator, ",");
      if (!value.is_null()) out << (value.is_string() ? value.get<std::string>() : value.dump());
    }
    out << "\n";
  }
  out << std::flush;
}

void print_foot(std::ostream& out, const Options& options, const Session& session,
                std::span<const Result> results) {
  if (options.format == Format::json) print_json(out, options, session, results);
  if (options.format != Format::table) return;
  const Summary summary = summarise(results);
  out << "# Out of bounds values : " << summary.out_of_bounds
      << (summary.out_of_bounds == 0 ? " OK" : " FAILED")
      << "\n# Avg bus bandwidth    : " << summary.average_busbw_gbs << "\n";
}

}  // namespace pliant::bench
