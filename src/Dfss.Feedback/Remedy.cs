namespace Dfss.Feedback;

/// <summary>What may fix a failure.</summary>
internal sealed class Remedy
{
    /// <param name="header">What the commands do, as a sentence that ends with a colon.</param>
    /// <param name="commands">The commands; null for one that this failure does not have.</param>
    internal Remedy(string header, params ReadOnlySpan<string?> commands)
    {
        Header = header;
        Commands = [.. commands.ToArray().OfType<string>()];
    }

    /// <summary>What the commands do, as a sentence that ends with a colon.</summary>
    internal string Header { get; }

    /// <summary>The commands, each complete.</summary>
    internal IReadOnlyList<string> Commands { get; }
}
