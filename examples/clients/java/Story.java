import com.fasterxml.jackson.databind.ObjectMapper;
import footnote.ApiClient;
import footnote.ApiException;
import footnote.api.AccountsApi;
import footnote.api.ChatApi;
import footnote.api.ConversationsApi;
import footnote.model.*;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A reader's story with the client that openapi-generator makes for Java's own HTTP client. */
public class Story {
  private static final ObjectMapper JSON = ApiClient.createDefaultObjectMapper();
  private final String url;
  private final ApiClient client = new ApiClient();
  private final ChatApi chat;
  private final ConversationsApi conversations;
  private String token;

  Story(String url) {
    this.url = url;
    client.updateBaseUri(url);
    client.setRequestInterceptor(this::authorise);
    chat = new ChatApi(client);
    conversations = new ConversationsApi(client);
  }

  private void authorise(HttpRequest.Builder request) {
    if (token != null) request.header("Authorization", "Bearer " + token);
  }

  /** Takes the events of an answer as they arrive; the generated method waits for the last one. */
  private void stream(ChatRequest question, Consumer<ChatEvent> reader) throws Exception {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + "/api/v1/chat/stream"))
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofByteArray(JSON.writeValueAsBytes(question)));
    authorise(request);
    HttpResponse<Stream<String>> response =
        HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofLines());
    try (Stream<String> lines = response.body()) {
      if (response.statusCode() != 200) {
        String problem = lines.collect(Collectors.joining());
        throw new ApiException(response.statusCode(), response.headers(), problem);
      }
      for (String line : (Iterable<String>) lines::iterator) {
        if (line.startsWith("data: ")) reader.accept(JSON.readValue(line.substring(6), ChatEvent.class));
      }
    }
  }

  private static ChatRequest ask(String question) {
    return new ChatRequest(new ChatMessageRequest().message(new ChatMessage().content(question)));
  }

  private interface Call {
    void run() throws Exception;
  }

  /** The problem that the call runs into. */
  private static Problem problemOf(Call call) throws Exception {
    try {
      call.run();
    } catch (ApiException refused) {
      return JSON.readValue(refused.getResponseBody(), Problem.class);
    }
    throw new IllegalStateException("it was not refused");
  }

  private void signIn() throws ApiException {
    AccountsApi accounts = new AccountsApi(client);
    String email = UUID.randomUUID() + "@example.com";
    String password = "analytical engine 1843";
    Registered account = accounts.register(new NewCredentials().email(email).password(password));
    LoggedIn session = accounts.login(
        new Credentials().email(email).password(password).transport(Transport.BEARER));
    token = session.getAccessToken();
    System.out.println("signed in: " + session.getUserId().equals(account.getId()));
  }

  private void askTwice(ChatRequest question) throws Exception {
    ChatReply reply = chat.sendChat(question);
    String status = reply.getResponse().getStatus().getValue();
    System.out.println("answer: " + status + ", from " + reply.getCitations().get(0).getTitle());

    StringBuilder answer = new StringBuilder();
    stream(question, event -> {
      if (event.getActualInstance() instanceof ChatDelta delta) {
        answer.append(delta.getContent());
      } else if (event.getActualInstance() instanceof ChatCompleted completed) {
        System.out.println("stream: from " + completed.getCitations().stream()
            .map(Citation::getTitle).collect(Collectors.joining(", ")));
      } else if (event.getActualInstance() instanceof ChatFailed failed) {
        throw new IllegalStateException(failed.getContent());
      }
    });
    boolean same = answer.toString().equals(reply.getResponse().getContent());
    System.out.println("the same words: " + same);
  }

  private void keepAndForget() throws Exception {
    ConversationPage page = conversations.listConversations(10, null, null);
    UUID newest = page.getItems().get(0).getConversationId();
    Exchange exchange = conversations.getConversation(newest).getExchanges().get(0);
    String more = page.getNext() == null ? "no more" : "more";
    String rating = exchange.getRating() == null ? "not yet" : exchange.getRating().getValue();
    System.out.println("conversations: " + page.getItems().size() + ", and " + more);
    System.out.println("kept: " + exchange.getStatus().getValue() + ", rated " + rating);

    ConversationSummary renamed =
        conversations.renameConversation(newest, new ConversationRename().title("Kept"));
    System.out.println("renamed: " + renamed.getTitle());

    Feedback feedback = new Feedback().rating(Rating.POSITIVE).comment("Just what I needed.");
    int judged =
        conversations.giveFeedbackWithHttpInfo(exchange.getMessageId(), feedback).getStatusCode();
    System.out.println("feedback: " + judged);

    Problem problem = problemOf(() -> chat.sendChat(ask("")));
    Violation violation = problem.getErrors().get(0);
    System.out.println("refused: " + problem.getStatus() + " " + problem.getError() + ", "
        + violation.getIn().getValue() + " " + violation.getPointer());
    problem = problemOf(() -> stream(ask(""), event -> {}));
    System.out.println("stream refused: " + problem.getStatus() + " " + problem.getError());

    int deleted = conversations.deleteConversationWithHttpInfo(newest).getStatusCode();
    Problem gone = problemOf(() -> conversations.getConversation(newest));
    System.out.println("deleted: " + deleted + ", then " + gone.getStatus() + " " + gone.getError());
  }

  public static void main(String[] arguments) throws Exception {
    var environment = System.getenv();
    Story story = new Story(environment.getOrDefault("FOOTNOTE_URL", "http://127.0.0.1:8000"));
    story.signIn();
    story.askTwice(ask(environment.getOrDefault("QUESTION", "How do I start Footnote?")));
    story.keepAndForget();
  }
}
