#include "apps/netlab/selftest.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "apps/netlab/channel.hpp"
#include "apps/netlab/host_program.hpp"
#include "apps/netlab/journal.hpp"
#include "apps/netlab/lab.hpp"
#include "apps/netlab/launcher.hpp"
#include "apps/netlab/unsupported.hpp"
#include "core/error.hpp"
#include "core/stats.hpp"

namespace pliant::netlab {
namespace {

using Json = nlohmann::ordered_json;

template <class... Values>
std::string format(const char* pattern, Values... values) {
  std::array<char, 512> text{};
  std::snprintf(text.data(), text.size(), pattern, values...);
  return text.data();
}

/// Processor time so far, summed over all processors, in kernel ticks: the total, and the part that a
/// hypervisor gave to others although a process here wanted it.
struct ProcessorTime {
  double all = 0;
  double stolen = 0;

  static ProcessorTime now() {
    std::ifstream file("/proc/stat");
    std::string name;
    file >> name;
    ProcessorTime time;
    constexpr int kColumns = 8;  // user, nice, system, idle, iowait, irq, softirq, steal: proc(5)
    for (int column = 0; column < kColumns; ++column) {
      double ticks = 0;
      file >> ticks;
      time.all += ticks;
      if (column + 1 == kColumns) time.stolen = ticks;
    }
    return time;
  }
};

/// Prints rows as they are measured, and remembers whether all passed.
class Table {
 public:
  Table() {
    std::cout << "| what | set | measured | limit | | stolen |\n|---|--:|--:|--:|---|--:|\n" << std::flush;
  }

  void add(const std::string& what, const std::string& set, const std::string& measured,
           const std::string& limit, bool holds) {
    const ProcessorTime now = ProcessorTime::now();
    const double stolen = (now.stolen - last_.stolen) / std::max(1.0, now.all - last_.all);
    last_ = now;
    std::cout << "| " << what << " | " << set << " | " << measured << " | " << limit << " | "
              << (holds ? "ok" : "MISSED") << " | " << format("%.1f %%", 100 * stolen) << " |" << std::endl;
    all_hold_ = all_hold_ && holds;
  }

  bool all_hold() const { return all_hold_; }

 private:
  bool all_hold_ = true;
  ProcessorTime last_ = ProcessorTime::now();
};

Lab lab_of(int hosts, const std::string& rate, const std::string& delay) {
  LabOptions options;
  options.hosts = hosts;
  options.awake = true;
  assign(std::array{parse_assignment("rate=" + rate), parse_assignment("delay=" + delay)}, options.link);
  return Lab::start(options);
}

/// [ms] of each ping.
std::vector<double> round_trips_ms(const Lab& lab, const std::string& to, int count) {
  const std::string text =
      HostProgram(lab.socket(), "host0", {"ping", "-c", std::to_string(count), "-i", "0.02", to}).output();
  std::vector<double> times;
  const std::regex pattern("time=([0-9.]+) ms");
  for (std::sregex_iterator match(text.begin(), text.end(), pattern), end; match != end; ++match)
    times.push_back(std::stod((*match)[1]));
  // The first packets load caches, and the very first one code.
  if (times.size() > 2) times.erase(times.begin(), times.begin() + 2);
  return times;
}

void check_ping(Table& table, double delay_ms) {
  constexpr double kMost_ms = 0.4;
  const Lab lab = lab_of(2, "1gbit", format("%gms", delay_ms));
  const std::vector<double> times = round_trips_ms(lab, "host1", 52);
  const double middle = times.empty() ? NAN : median(times);
  const double least = times.empty() ? NAN : *std::ranges::min_element(times);
  table.add("ping, round trip", format("%g ms", 2 * delay_ms),
            format("median %.3f ms, least %.3f ms", middle, least), format("+%g ms", kMost_ms),
            std::abs(middle - 2 * delay_ms) <= kMost_ms);
}

/// One transfer, measured at the receiver without TCP's slow start.
struct Stream {
  HostProgram server;
  std::optional<HostProgram> client;
};

std::vector<double> bits_per_s(const Lab& lab, const std::vector<std::pair<int, int>>& pairs, int seconds) {
  std::vector<Stream> streams;
  for (const auto& [from, to] : pairs)
    streams.push_back({HostProgram(lab.socket(), host_name(to), {"iperf3", "-s", "-1"}), std::nullopt});
  wait_s(0.3);  // until the servers listen
  for (std::size_t i = 0; i < pairs.size(); ++i)
    streams[i].client.emplace(
        lab.socket(), host_name(pairs[i].first),
        std::vector<std::string>{"iperf3", "-J", "-Z", "-O", "1", "-t", std::to_string(seconds), "-c",
                                 host_name(pairs[i].second)});
  std::vector<double> rates;
  for (Stream& stream : streams) {
    const Json json = Json::parse(stream.client->output(), nullptr, false);
    rates.push_back(json.is_object() && json.contains("/end/sum_received"_json_pointer)
                        ? json["end"]["sum_received"]["bits_per_second"].get<double>()
                        : 0);
    static_cast<void>(stream.server.output());
  }
  return rates;
}

constexpr double kLeastShare = 0.93;  // 1448 bytes of data in 1538 on the wire would be 0.941

void check_rate(Table& table, double mbit_per_s, int seconds) {
  const Lab lab = lab_of(2, format("%gmbit", mbit_per_s), "1ms");
  const double rate = bits_per_s(lab, {{0, 1}}, seconds).front() / 1e6;
  table.add("iperf3, 1 ms, MTU 1500", format("%g Mbit/s", mbit_per_s),
            format("%.4g Mbit/s, %.1f %%", rate, 100 * rate / mbit_per_s),
            format(">= %.0f %%", 100 * kLeastShare), rate >= kLeastShare * mbit_per_s);
}

/// Every host sends to the next one.
void check_total(Table& table, int hosts, double mbit_per_s, int seconds) {
  const Lab lab = lab_of(hosts, format("%gmbit", mbit_per_s), "1ms");
  std::vector<std::pair<int, int>> ring;
  for (int host = 0; host < hosts; ++host) ring.emplace_back(host, (host + 1) % hosts);
  double total = 0;
  for (const double rate : bits_per_s(lab, ring, seconds)) total += rate / 1e6;
  const double set = hosts * mbit_per_s;
  table.add(format("iperf3, %d hosts in a ring at once", hosts), format("%g Mbit/s in all", set),
            format("%.4g Mbit/s, %.1f %%", total, 100 * total / set), format(">= %.0f %%", 100 * kLeastShare),
            total >= kLeastShare * set);
}

/// Measures a link between two hosts with an MPI program, started as `run` starts it. The link must not be
/// faster than set.
void check_mpi(Table& table, const std::filesystem::path& probe, double mbit_per_s) {
  constexpr double kMostShare = 1.02;  // a fit's error; data would get 0.941
  const Lab lab = lab_of(2, format("%gmbit", mbit_per_s), "1ms");
  std::vector<std::string> command = launcher_words(Launcher::automatic, 2, probe);
  command.insert(command.end(), {lab.socket().parent_path() / kRank, probe, "--json", "--max-ms", "1000"});
  const Json json = Json::parse(HostProgram(lab.socket(), host_name(0), command).output(), nullptr, false);
  double rate = NAN;
  bool is_between = false;
  if (json.is_object() && json.contains("links") && json["links"].size() == 1) {
    const Json& link = json["links"].front();
    is_between = link["class"] == "between-hosts";
    if (link["bandwidth_gbps"].is_number()) rate = 1e3 * link["bandwidth_gbps"].get<double>();
  }
  table.add("pliant_probe by " + command.front() + ", 1 ms", format("%g Mbit/s", mbit_per_s),
            format("%.4g Mbit/s, %.1f %%%s", rate, 100 * rate / mbit_per_s,
                   is_between ? "" : ", not between hosts"),
            format("<= %.0f %%", 100 * kMostShare),
            is_between && rate > 0 && rate <= kMostShare * mbit_per_s);
}

/// Changes all hosts many times a second, and reads from the log how late the changes took effect.
void check_changes(Table& table, int hosts, double seconds) {
  constexpr double kMost_ms = 1;
  LabOptions options;
  options.hosts = hosts;
  options.awake = true;
  options.schedule.name = "step";
  options.schedule.step_s = 0.02;
  const Lab lab = Lab::start(options);
  wait_s(2);  // the kernel still clears away the lab before
  ask(lab.socket(), {{"do", "start"}});
  wait_s(seconds);
  std::vector<double> late_ms;
  const Json entries = ask(lab.socket(), {{"do", "log"}}).json["entries"];
  for (const Json& entry : entries)
    if (!entry["scheduled"].is_null())
      late_ms.push_back(1e3 * (entry["time"].get<double>() - entry["scheduled"].get<double>()));
  std::ranges::sort(late_ms);
  const double ninety_nine = late_ms.at(late_ms.size() * 99 / 100);
  table.add(format("changes after their schedule, %d hosts each", hosts), "0 ms",
            format("median %.3f ms, 99 %% below %.3f ms, most %.3f ms", median(late_ms), ninety_nine,
                   late_ms.back()),
            format("99 %% < %g ms", kMost_ms), ninety_nine < kMost_ms);
}

void check_start_and_end(Table& table, int hosts) {
  constexpr double kMost_s = 1;
  const TimeNs begin = now_ns();
  TimeNs up = 0;
  TimeNs asked_to_end = 0;
  bool all_answer = true;
  {
    const Lab lab = lab_of(hosts, "1gbit", "1ms");
    up = now_ns();
    for (int host = 1; host < hosts; ++host) all_answer &= !round_trips_ms(lab, host_name(host), 1).empty();
    asked_to_end = now_ns();
  }
  const double start_s = to_s(up - begin);
  const double end_s = to_s(now_ns() - asked_to_end);
  table.add(format("start and end, %d hosts that all answer", hosts), "",
            format("%.2f s, %.2f s%s", start_s, end_s, all_answer ? "" : ", some do not answer"),
            format("< %g s each", kMost_s), start_s < kMost_s && end_s < kMost_s && all_answer);
}

/// Prints facts about the machine that explain a failed row.
void tell_machine() {
  const Lab lab = lab_of(2, "1gbit", "1ms");
  static_cast<void>(round_trips_ms(lab, "host1", 100));
  const Json lateness = ask(lab.socket(), {{"do", "stats"}}).json["lateness"];
  double below = 0;
  double all = 0;
  for (const auto& [end, frames] :
       lateness["frames_below_us"].get<std::vector<std::pair<double, double>>>()) {
    all += frames;
    if (end <= 256) below += frames;
  }
  std::cout << format(
      "\nStolen: processor time that a hypervisor gave to others during the row; where it is more than a few "
      "percent, or "
      "other programs run,\na missed row is the machine's. Of the frames of an idle network %.1f %% were "
      "handed over less "
      "than 256 us late, the worst %.2f ms.\n",
      100 * below / std::max(1.0, all), lateness["most_us"].get<double>() / 1e3);
}

/// The folder of this program.
std::filesystem::path own_folder() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

void require_tools() {
  for (const auto& [tool, package] : {std::pair{"ping", "iputils-ping"}, {"iperf3", "iperf3"}})
    if (!find_program(tool))
      throw Unsupported(std::string(tool) +
                        " is not installed (the lab is measured from outside, by known programs). "
                        "Install the package " +
                        package);
}

}  // namespace

int selftest(bool quick) {
  require_tools();
  Table table;
  const int seconds = quick ? 2 : 6;
  for (const double delay_ms : quick ? std::vector{1.0} : std::vector{0.05, 0.1, 0.5, 1.0, 5.0, 20.0})
    check_ping(table, delay_ms);
  for (const double mbit : quick ? std::vector{100.0} : std::vector{10.0, 100.0, 300.0, 1000.0})
    check_rate(table, mbit, seconds);
  if (!quick) {
    check_total(table, 4, 1000, seconds);
    check_total(table, 8, 500, seconds);
  }
  const std::filesystem::path probe = own_folder() / "pliant_probe";
  const bool has_mpi = std::filesystem::exists(probe) && (find_program("mpirun") || find_program("mpiexec"));
  if (has_mpi) check_mpi(table, probe, 100);
  check_changes(table, 8, quick ? 1 : 5);
  check_start_and_end(table, 8);
  if (!quick) check_start_and_end(table, 16);
  tell_machine();
  if (!has_mpi)
    std::cout << "No MPI program was run: there is no mpirun, or no pliant_probe beside pliant_netlab.\n";
  return table.all_hold() ? 0 : 1;
}

}  // namespace pliant::netlab
