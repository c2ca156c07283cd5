namespace Dfss;

/// <summary>
/// The text of an object that names something in the store. PowerShell converts an object that reaches a command such
/// as Remove-Item to text, and takes that text for a path. A stored name would be the path of a local file of the same
/// name, so the text has the form provider::path of a provider that does not exist: the command fails, and touches
/// nothing.
/// </summary>
internal static class OutputText
{
    private const string Provider = "DfssName";

    /// <summary>The text of an object with this name.</summary>
    internal static string Of(string name) => $"{Provider}::{name}";
}
