/**
 * Pliant's C++20 face: header-only over the C interface in pliant.h.
 *
 *   pliant::set(MPI_COMM_WORLD, {{"pliant_mode", "topk"}, {"pliant_density", "0.01"}});
 *   auto sum = pliant::Request::allreduce(std::span(gradient), MPI_COMM_WORLD, {{"pliant_name", "fc1"}});
 *   sum.start();
 *   sum.wait();
 *   std::puts(sum.report().reason);
 *
 * A failed call throws pliant::Failure if the communicator's error handler returns (MPI_ERRORS_RETURN). MPI's
 * default handler ends the program first, as with MPI's own calls.
 */
#pragma once

#include <pliant/pliant.h>

#include <initializer_list>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace pliant {
inline namespace v1 {

/** A failed Pliant call: its error code, and its message as what(). */
class Failure : public std::runtime_error {
 public:
  Failure(int code, const std::string& text) : std::runtime_error(text), code_(code) {}
  /** The MPI error code. */
  int code() const { return code_; }

 private:
  int code_;
};

/** Throws Failure unless `code` is MPI_SUCCESS. */
inline void ensure(int code) {
  if (code == MPI_SUCCESS) return;
  std::string text(PLIANT_MAX_ERROR_STRING, '\0');
  int length = 0;
  Pliant_Error_string(code, text.data(), &length);
  text.resize(static_cast<std::size_t>(length));
  throw Failure(code, text);
}

template <class T>
MPI_Datatype datatype_of();
template <>
inline MPI_Datatype datatype_of<float>() {
  return MPI_FLOAT;
}
template <>
inline MPI_Datatype datatype_of<double>() {
  return MPI_DOUBLE;
}
template <>
inline MPI_Datatype datatype_of<std::int32_t>() {
  return MPI_INT32_T;
}
template <>
inline MPI_Datatype datatype_of<std::int64_t>() {
  return MPI_INT64_T;
}

/** `pliant_*` keys and their values. */
using Options = std::initializer_list<std::pair<const char*, std::string>>;

/** An MPI_Info made of options; freed with the object. */
class Info {
 public:
  explicit Info(Options options) {
    MPI_Info_create(&info_);
    for (const auto& [key, value] : options) MPI_Info_set(info_, key, value.c_str());
  }
  Info(const Info&) = delete;
  Info& operator=(const Info&) = delete;
  ~Info() { MPI_Info_free(&info_); }
  MPI_Info native() const { return info_; }

 private:
  MPI_Info info_ = MPI_INFO_NULL;
};

/** Pliant_Comm_set_info. Collective. */
inline void set(MPI_Comm comm, Options options) {
  ensure(Pliant_Comm_set_info(comm, Info(options).native()));
}

/** Reduce `elements` in place. Collective. */
template <class T>
void allreduce(std::span<T> elements, MPI_Comm comm, MPI_Op op = MPI_SUM) {
  ensure(Pliant_Allreduce_c(MPI_IN_PLACE, elements.data(), static_cast<MPI_Count>(elements.size()),
                            datatype_of<T>(), op, comm));
}

/** Pliant_Comm_get_report: the last blocking call on `comm`. */
inline Pliant_Report last_report(MPI_Comm comm) {
  Pliant_Report report{};
  report.size = sizeof report;
  ensure(Pliant_Comm_get_report(comm, &report));
  return report;
}

/** Pliant_Comm_flush: add what blocking calls into `recvbuf` have not sent; null: all buffers. Collective. */
inline void flush(MPI_Comm comm, void* recvbuf = nullptr) {
  ensure(Pliant_Comm_flush(comm, recvbuf));
}

/** Pliant_Comm_forget: drop what blocking calls into `recvbuf` have not sent; null: all. Collective. */
inline void forget(MPI_Comm comm, const void* recvbuf = nullptr) {
  ensure(Pliant_Comm_forget(comm, recvbuf));
}

/** Pliant_Comm_repair: make `comm` usable again after an operation has failed on some rank. Collective. */
inline void repair(MPI_Comm comm) {
  ensure(Pliant_Comm_repair(comm));
}

/** Pliant_Comm_plan: every candidate for such a call, lowest predicted time first. Local. */
inline std::vector<Pliant_Report> plan(MPI_Comm comm, MPI_Count count, MPI_Datatype datatype = MPI_FLOAT,
                                       MPI_Op op = MPI_SUM) {
  int n = 0;
  ensure(Pliant_Comm_plan(comm, count, datatype, op, 0, nullptr, &n));
  std::vector<Pliant_Report> reports(static_cast<std::size_t>(n));
  for (Pliant_Report& report : reports) report.size = sizeof report;
  ensure(Pliant_Comm_plan(comm, count, datatype, op, n, reports.data(), &n));
  return reports;
}

/** A persistent request, which owns its tensor's residual. Move-only. */
class Request {
 public:
  /** In-place allreduce of `elements`, which must outlive the request. Collective. */
  template <class T>
  static Request allreduce(std::span<T> elements, MPI_Comm comm, Options options = {}, MPI_Op op = MPI_SUM) {
    Request request;
    ensure(Pliant_Allreduce_init(MPI_IN_PLACE, elements.data(), static_cast<MPI_Count>(elements.size()),
                                 datatype_of<T>(), op, comm, Info(options).native(), &request.handle_));
    return request;
  }

  /** In-place allreduce of several tensors as one message. Collective. */
  template <class T>
  static Request grouped(const std::vector<std::span<T>>& tensors, MPI_Comm comm, Options options = {},
                         MPI_Op op = MPI_SUM) {
    std::vector<const void*> send(tensors.size(), MPI_IN_PLACE);
    std::vector<void*> receive;
    std::vector<MPI_Count> counts;
    for (const auto& tensor : tensors) {
      receive.push_back(tensor.data());
      counts.push_back(static_cast<MPI_Count>(tensor.size()));
    }
    Request request;
    ensure(Pliant_Grouped_allreduce_init(static_cast<int>(tensors.size()), send.data(), receive.data(),
                                         counts.data(), datatype_of<T>(), op, comm, Info(options).native(),
                                         &request.handle_));
    return request;
  }

  Request(Request&& other) noexcept : handle_(std::exchange(other.handle_, PLIANT_REQUEST_NULL)) {}
  Request& operator=(Request&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Request() {
    if (handle_ != PLIANT_REQUEST_NULL) Pliant_Request_free(&handle_);
  }

  void start() { ensure(Pliant_Start(handle_)); }
  void wait() { ensure(Pliant_Wait(handle_)); }
  bool test() {
    int flag = 0;
    ensure(Pliant_Test(handle_, &flag));
    return flag != 0;
  }
  /** Add what was not sent to the buffers, exactly. Collective. */
  void flush() { ensure(Pliant_Request_flush(handle_)); }
  Pliant_Report report() const {
    Pliant_Report report{};
    report.size = sizeof report;
    ensure(Pliant_Request_get_report(handle_, &report));
    return report;
  }
  Pliant_Request native() const { return handle_; }

 private:
  Request() = default;
  Pliant_Request handle_ = PLIANT_REQUEST_NULL;
};

}  // namespace v1
}  // namespace pliant
