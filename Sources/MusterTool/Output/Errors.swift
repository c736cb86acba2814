import Glibc

/// A line on standard error.
func printError(_ text: String) {
  try? writeWhole("muster: \(text)\n".bytes, to: STDERR_FILENO, called: "standard error")
}
