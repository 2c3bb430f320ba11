/** The process of one run: measures one contender and prints the run as JSON. */
import { peerQuestions } from '../peers/questions.ts';
import { questions } from '../questions.ts';
import { measure } from './question.ts';

const [questionName, contenderName, size] = process.argv.slice(2);
const question = [...questions, ...peerQuestions].find(({ name }) => name === questionName);
const contender = question?.contenders.find(({ name }) => name === contenderName);
if (question === undefined || contender === undefined) {
  throw new Error(`there is no ${contenderName} in ${questionName}`);
}
process.stdout.write(JSON.stringify(await measure(question, contender, size === 'quick')));
