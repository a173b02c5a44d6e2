// Nothing: its target holds the headers that test programs share (tests/CMakeLists.txt).
int main() { return 0; }
