namespace Dfss;

/// <summary>
/// The text of an object that names something in the store. PowerShell converts an object that reaches a command such
/// as Remove-Item to text, and takes that text for a path. A stored name would be the path of a local file of the same
/// name, so the text has the form provider::path of a provider that has no local files: the command fails, and touches
/// nothing.
/// </summary>
internal static class OutputText
{
    private const string Provider = "Dfss";

    /// <summary>The text of an object with this name.</summary>
    internal static string Of(string name) => $"{Provider}::{name}";
}
