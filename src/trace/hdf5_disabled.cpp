// The functions of hdf5_file.hpp in a build without HDF5. No file can be opened, so no other function is ever
// called.
#include <cstdlib>

#include "core/error.hpp"
#include "trace/hdf5_file.hpp"

namespace pliant {
namespace {

[[noreturn]] void fail(const std::string& path) {
  throw Error(ErrorClass::io, "cannot open the HDF5 file '" + path + "'",
              "this Pliant was built without HDF5", "Install the package libhdf5-dev and build Pliant again");
}

}  // namespace

std::string hdf5_version() {
  return "no HDF5";
}

struct Hdf5Column::Impl {};
struct Hdf5File::Impl {};

Hdf5Column::Hdf5Column(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Hdf5Column::Hdf5Column(Hdf5Column&&) noexcept = default;
Hdf5Column& Hdf5Column::operator=(Hdf5Column&&) noexcept = default;
Hdf5Column::~Hdf5Column() = default;
std::int64_t Hdf5Column::rows() const {
  return 0;
}
void Hdf5Column::resize(std::int64_t) {}
void Hdf5Column::write(std::int64_t, std::span<const double>) {}
void Hdf5Column::write(std::int64_t, std::span<const std::int64_t>) {}
void Hdf5Column::write(std::int64_t, std::span<const char>) {}

Hdf5File::Hdf5File(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Hdf5File::Hdf5File(Hdf5File&&) noexcept = default;
Hdf5File& Hdf5File::operator=(Hdf5File&&) noexcept = default;
Hdf5File::~Hdf5File() = default;
Hdf5File Hdf5File::create(const std::string& path) {
  fail(path);
}
Hdf5File Hdf5File::create(const std::string& path, const Hdf5Naming&) {
  fail(path);
}
Hdf5File Hdf5File::create_replacing(const std::string& path) {
  fail(path);
}
Hdf5File Hdf5File::open(const std::string& path) {
  fail(path);
}
Hdf5File Hdf5File::open_without_lock(const std::string& path) {
  fail(path);
}
Hdf5File Hdf5File::open_to_change(const std::string& path) {
  fail(path);
}
const std::string& Hdf5File::path() const {
  std::abort();  // no Hdf5File can exist
}
const std::string& Hdf5File::passed_over() const {
  std::abort();
}
void Hdf5File::flush() {}
void Hdf5File::close() {}
void Hdf5File::commit() {}
void Hdf5File::make_group(const std::string&) {}
void Hdf5File::remove(const std::string&) {}
Hdf5Column Hdf5File::make_column(const std::string&, const Hdf5Element&, const Hdf5Layout&) {
  return Hdf5Column(nullptr);
}
void Hdf5File::write_attribute(const std::string&, const std::string&, const Hdf5Value&) {}
template <class T>
void Hdf5File::write(const std::string&, std::span<const T>) {}
template void Hdf5File::write(const std::string&, std::span<const float>);
template void Hdf5File::write(const std::string&, std::span<const double>);
template void Hdf5File::write(const std::string&, std::span<const std::int64_t>);
bool Hdf5File::exists(const std::string&) const {
  return false;
}
std::vector<std::string> Hdf5File::children(const std::string&) const {
  return {};
}
template <class T>
T Hdf5File::read_attribute(const std::string&, const std::string&) const {
  return {};
}
template std::int64_t Hdf5File::read_attribute(const std::string&, const std::string&) const;
template double Hdf5File::read_attribute(const std::string&, const std::string&) const;
template std::string Hdf5File::read_attribute(const std::string&, const std::string&) const;
template <class T>
std::vector<T> Hdf5File::read(const std::string&) const {
  return {};
}
template std::vector<float> Hdf5File::read(const std::string&) const;
template std::vector<double> Hdf5File::read(const std::string&) const;
template std::vector<std::int64_t> Hdf5File::read(const std::string&) const;
template std::vector<std::string> Hdf5File::read(const std::string&) const;

}  // namespace pliant
