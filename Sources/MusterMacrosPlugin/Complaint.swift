import SwiftDiagnostics
import SwiftSyntax
import SwiftSyntaxMacros

/// What is wrong with the source and what to write instead.
struct Complaint: DiagnosticMessage, FixItMessage {
  let message: String
  var diagnosticID: MessageID { MessageID(domain: "MusterMacros", id: message) }
  var fixItID: MessageID { diagnosticID }
  var severity: DiagnosticSeverity { .error }
}

extension MacroExpansionContext {
  /// Reports an error.
  func complain(_ message: String, at node: some SyntaxProtocol) {
    diagnose(Diagnostic(node: node, message: Complaint(message: message)))
  }

  /// Reports an error that can be put right by replacing a node; `fix` is what doing so is called.
  func complain<Node: SyntaxProtocol>(
    _ message: String, at node: some SyntaxProtocol, fix: String, replace old: Node, by new: Node
  ) {
    let fix = FixIt(message: Complaint(message: fix), changes: [.replace(oldNode: Syntax(old), newNode: Syntax(new))])
    diagnose(Diagnostic(node: node, message: Complaint(message: message), fixIt: fix))
  }
}
