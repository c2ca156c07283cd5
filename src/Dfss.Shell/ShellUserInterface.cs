using System.Collections.ObjectModel;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;
using Dfss.Shell.Commands;

namespace Dfss.Shell;

/// <summary>The engine's streams and prompts, on a terminal or redirected.</summary>
internal sealed class ShellUserInterface(Terminal terminal, MissingCommand missingCommand) : PSHostUserInterface
{
    private readonly ShellRawUserInterface _rawUserInterface = new();
    private readonly ProgressLine _progress = new(terminal);

    /// <summary>A hint to show after its error, which arrives line by line, is complete.</summary>
    private string? _hint;

    private bool _outputIsError;

    public override PSHostRawUserInterface RawUI => _rawUserInterface;

    public override bool SupportsVirtualTerminal => terminal.OutputTakesEscapes;

    public override void Write(string value)
    {
        if (_outputIsError)
        {
            WriteError(value);
            return;
        }

        ShowHint();
        terminal.Write(value);
    }

    public override void Write(ConsoleColor foregroundColor, ConsoleColor backgroundColor, string value) =>
        Write(value);

    public override void WriteLine(string value) => Write(value + Environment.NewLine);

    public override void WriteErrorLine(string value) => WriteError(value + Environment.NewLine);

    public override void WriteWarningLine(string message) => WriteTagged("WARNING", message);

    public override void WriteVerboseLine(string message) => WriteTagged("VERBOSE", message);

    public override void WriteDebugLine(string message) => WriteTagged("DEBUG", message);

    public override void WriteProgress(long sourceId, ProgressRecord record) => _progress.Show(record);

    public override string ReadLine()
    {
        RequireTerminal("a line of text");
        return Terminal.ReadLine() ?? throw new PipelineStoppedException();
    }

    public override SecureString ReadLineAsSecureString()
    {
        RequireTerminal("a secret");
        SecureString secret = new();
        for (ConsoleKeyInfo key = Terminal.ReadKey(); key.Key != ConsoleKey.Enter; key = Terminal.ReadKey())
        {
            if (key.Key == ConsoleKey.Backspace)
            {
                if (secret.Length > 0)
                {
                    secret.RemoveAt(secret.Length - 1);
                }
            }
            else if (key.KeyChar != '\0')
            {
                secret.AppendChar(key.KeyChar);
            }
        }

        WriteLine();
        return secret;
    }

    public override Dictionary<string, PSObject> Prompt(
        string caption, string message, Collection<FieldDescription> descriptions)
    {
        RequireTerminal("values for " + string.Join(", ", descriptions.Select(field => field.Name)));
        WriteCaption(caption, message);
        Dictionary<string, PSObject> answers = [];
        foreach (FieldDescription field in descriptions)
        {
            Write(field.Name + ": ");
            answers[field.Name] = field.ParameterTypeFullName == typeof(SecureString).FullName
                ? PSObject.AsPSObject(ReadLineAsSecureString())
                : PSObject.AsPSObject(ReadLine());
        }

        return answers;
    }

    public override int PromptForChoice(
        string caption, string message, Collection<ChoiceDescription> choices, int defaultChoice)
    {
        RequireTerminal($"an answer to '{message}'; -Force or -Confirm:$false answers it beforehand");
        WriteCaption(caption, message);
        string[] labels =
            [.. choices.Select(choice => choice.Label.Replace("&", string.Empty, StringComparison.Ordinal))];
        string[] keys = [.. choices.Select(choice => HotKey(choice.Label))];
        while (true)
        {
            Write(string.Join("  ", labels.Select((label, index) => $"[{keys[index]}] {label}")) + ": ");
            string answer = ReadLine().Trim();
            if (answer.Length == 0 && defaultChoice >= 0)
            {
                return defaultChoice;
            }

            int chosen = Array.FindIndex(keys, key => key.Equals(answer, StringComparison.OrdinalIgnoreCase));
            chosen = chosen >= 0
                ? chosen
                : Array.FindIndex(labels, label => label.Equals(answer, StringComparison.OrdinalIgnoreCase));
            if (chosen >= 0)
            {
                return chosen;
            }
        }
    }

    public override PSCredential PromptForCredential(
        string caption, string message, string userName, string targetName) =>
        PromptForCredential(
            caption, message, userName, targetName, PSCredentialTypes.Default, PSCredentialUIOptions.Default);

    public override PSCredential PromptForCredential(
        string caption,
        string message,
        string userName,
        string targetName,
        PSCredentialTypes allowedCredentialTypes,
        PSCredentialUIOptions options)
    {
        RequireTerminal("a user name and password");
        WriteCaption(caption, message);
        if (string.IsNullOrEmpty(userName))
        {
            Write("User: ");
            userName = ReadLine();
        }

        Write($"Password for {userName}: ");
        return new PSCredential(userName, ReadLineAsSecureString());
    }

    /// <summary>Cleans up after a pipeline.</summary>
    public void EndPipeline()
    {
        ShowHint();

        // A stopped command has not cleared its progress.
        terminal.ShowProgress(null);
    }

    /// <summary>Sends output to standard error until the result is disposed.</summary>
    public IDisposable RedirectOutputToError() => new ErrorRedirection(this);

    private static string HotKey(string label)
    {
        int mark = label.IndexOf('&', StringComparison.Ordinal);
        return mark >= 0 && mark + 1 < label.Length
            ? label[mark + 1].ToString().ToUpper(CultureInfo.InvariantCulture)
            : label;
    }

    private static void RequireTerminal(string what)
    {
        if (!Terminal.CanAsk)
        {
            throw new HostException($"The session cannot ask for {what}: standard input is not a terminal.");
        }
    }

    private void WriteError(string value)
    {
        terminal.WriteError(value);
        _hint ??= missingCommand.TakeHint(value);
    }

    private void ShowHint()
    {
        if (_hint is not null)
        {
            terminal.WriteError(_hint + Environment.NewLine);
            _hint = null;
        }
    }

    private void WriteTagged(string tag, string message) => WriteLine($"{tag}: {message}");

    private void WriteCaption(string caption, string message)
    {
        foreach (string line in new[] { caption, message }.Where(line => !string.IsNullOrEmpty(line)))
        {
            WriteLine(line);
        }
    }

    private sealed class ErrorRedirection : IDisposable
    {
        private readonly ShellUserInterface _userInterface;

        public ErrorRedirection(ShellUserInterface userInterface)
        {
            _userInterface = userInterface;
            _userInterface._outputIsError = true;
        }

        public void Dispose() => _userInterface._outputIsError = false;
    }
}
