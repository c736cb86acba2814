import SwiftParser
import SwiftSyntax
import SwiftSyntaxBuilder
import SwiftSyntaxMacros

/// `#remote { [foo = foo as [Double]] (x: Int) -> Double in … }`: a value of a local type, which holds the captures.
///
/// The runtime finds no local type by its name. Hence the type leaves a record in a section of the executable, where
/// other processes look for it by its place in the source.
public struct RemoteClosureMacro: ExpressionMacro {
  public static func expansion(
    of node: some FreestandingMacroExpansionSyntax, in context: some MacroExpansionContext
  ) -> ExprSyntax {
    // In place of what has been reported: has every type, so that the compiler has nothing to add.
    let nothing: ExprSyntax = "{ fatalError() }()"
    guard let argument = node.trailingClosure.map(ExprSyntax.init) ?? node.arguments.first?.expression,
      let literal = argument.as(ClosureExprSyntax.self)
    else {
      context.complain("#remote needs the closure itself, as in `#remote { (x: Int) -> Int in x * x }`", at: node)
      return nothing
    }
    guard let closure = RemoteClosureLiteral(literal, in: context) else { return nothing }
    return closure.expansion(at: context.site(of: node))
  }
}

extension RemoteClosureLiteral {
  fileprivate func expansion(at site: String) -> ExprSyntax {
    let properties = captures.map { "let \($0.name): \($0.type)\n    " }.joined()
    let taken = ([input.parameter] + captures.map { "_ \($0.name): \($0.type)" }).joined(separator: ", ")
    let given = (["_input"] + captures.map(\.name)).joined(separator: ", ")
    let initial = captures.map { "\($0.name): \($0.value) as \($0.type)" }.joined(separator: ", ")
    // The code is outside of the type that travels, so that it sees none of its members.
    return """
      {
        nonisolated enum _RemoteCode {
          \(raw: attributes)static func _run(\(raw: taken)) async throws -> \(raw: output ?? "Void") {\(raw: code)
          }
        }
        nonisolated struct _RemoteBody: MusterMacros.RemoteClosureBody {
          \(raw: properties)static var _site: String { \(literal: site) }
          @section("muster_closures") @used
          static let _record: MusterMacros.RemoteClosureRecord = { $0.initializeMemory(as: (any MusterMacros.RemoteClosureBody.Type).self, to: _RemoteBody.self) }
          func _run(_ _input: \(raw: input.type)) async throws -> \(raw: output ?? "Muster.Nothing") {
            try await _RemoteCode._run(\(raw: given))\(raw: output == nil ? "\n      return Muster.Nothing()" : "")
          }
        }
        return MusterMacros.RemoteClosure(_RemoteBody(\(raw: initial)))
      }()
      """
  }
}

extension MacroExpansionContext {
  /// The place of a node, by which every process of the same build knows it: `Program/Main.swift:12:5`.
  fileprivate func site(of node: some SyntaxProtocol) -> String {
    guard let place = location(of: node, at: .afterLeadingTrivia, filePathMode: .fileID),
      let file = place.file.as(StringLiteralExprSyntax.self)?.representedLiteralValue
    else { return makeUniqueName("remote").text }
    return "\(file):\(place.line.trimmedDescription):\(place.column.trimmedDescription)"
  }
}
